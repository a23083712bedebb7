"""The outside world, one folder per technology. No folder imports another."""
