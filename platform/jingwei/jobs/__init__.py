"""Ticks and queues that run what the database says is due; they hold no truth."""
