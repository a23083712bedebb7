"""The queue in tables of a PostgreSQL database."""
