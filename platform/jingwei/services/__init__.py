"""The verbs of the platform; no HTTP, no SQL text, no queue."""
