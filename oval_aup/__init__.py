"""Oval AUP: a school asks, people answer, the record stands."""
