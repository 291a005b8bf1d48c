"""Bytes of definition files become plain data with positions; it knows no kind."""
