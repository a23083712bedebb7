"""Models of SQLAlchemy 2."""
