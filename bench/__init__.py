"""Measures the platform beside hand-written floors."""
