"""Import paths of the guides, nothing more."""
