"""Models of ORMs as arguments: a reference on the way out, a fresh instance on the way in."""
