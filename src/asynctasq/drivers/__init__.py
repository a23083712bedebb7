"""Import paths of the guides, one for each driver."""
