"""Releases: what publishing would do, doing it, and what changed from one to the next.

Knows nothing of the command line, of pages, or of SQL.
"""
