"""One small language: tokens, typed tree, Python closures, JavaScript text. No SQL here."""
