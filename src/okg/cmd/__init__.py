"""The command line: options, wiring, exit codes."""
