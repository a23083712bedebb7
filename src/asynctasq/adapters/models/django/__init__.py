"""Models of Django 5."""
