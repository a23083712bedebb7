"""A queue in one process: the reference for every other, gone when the process ends."""
