"""Reads the catalog's rows from the Hub again: `python -m tools.refresh --help`."""
