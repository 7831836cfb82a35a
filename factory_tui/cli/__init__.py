"""The headless command line: a module a command, printers, exit codes. Never loads Textual."""
