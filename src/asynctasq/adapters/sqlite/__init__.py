"""A queue in one SQLite file, shared by every process of one machine: the embedded default."""
