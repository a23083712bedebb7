"""The command line: arguments in, calls to `app`, text out. One file for each command."""
