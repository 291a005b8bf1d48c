"""All definitions linked into one immutable catalogue; it knows no database."""
