"""One module a kind: its keys as a schema, and how the definition is built from them."""
