"""Help for those who write definitions: what is there, what a key means, how a text is changed.

Knows the language and its texts; no database, no person, no screen.
"""
