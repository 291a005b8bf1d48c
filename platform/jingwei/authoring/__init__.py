"""Text edits of definition files that keep the comments; it runs nothing."""
