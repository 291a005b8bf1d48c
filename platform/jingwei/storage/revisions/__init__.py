"""Linear revisions of the engine's own tables; application tables are never touched here."""
