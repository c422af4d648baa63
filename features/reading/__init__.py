"""From files, tables and queries of any spelling to normalised rows."""
