"""What the console has done to runs: command lines of its own program, and which make sense now."""
