"""Models of Tortoise 1."""
