"""The studio: definitions written as text by several authors, and published.

What runs is never touched here but by `publishing`; a draft is a person's own until then.
"""
