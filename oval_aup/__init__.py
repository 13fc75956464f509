"""Oval AUP: a school asks, people answer, the record stands. ``application.create_app`` joins the parts."""
