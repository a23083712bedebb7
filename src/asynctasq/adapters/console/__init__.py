"""What tasks and the command line show to people."""
