"""Pure values and functions: what a message is, how it lives, what is decided about it."""
