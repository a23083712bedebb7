"""Use cases: defining, dispatching and running tasks. Knows ports and domain only."""
