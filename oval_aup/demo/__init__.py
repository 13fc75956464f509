"""The demonstration school (being written)."""
