"""AsyncTasQ inside of what other frameworks call their own."""
