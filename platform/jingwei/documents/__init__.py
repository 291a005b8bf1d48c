"""Results become Word, PDF and Excel; it decides nothing."""
