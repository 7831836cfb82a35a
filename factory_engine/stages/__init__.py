"""The steps of a run: each gets a context, emits events and says how it ended."""
