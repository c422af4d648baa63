"""One customer from rows that are in no table: the same columns, without an engine's start."""
