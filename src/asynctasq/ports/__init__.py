"""What the core asks of the world, as abstract classes. Obligations are in the docstrings, logic is nowhere."""
