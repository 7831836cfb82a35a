"""How the console looks, and what it remembers of that."""
