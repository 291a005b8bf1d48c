"""One file a field type: parse, present, store, filter, describe."""
