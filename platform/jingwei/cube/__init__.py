"""Computing indicators: pure functions of definitions and facts; nothing is read or kept here."""
