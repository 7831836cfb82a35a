"""A run before it is one: what was chosen, and what the engine says of it."""
