"""What a front end may ask of the engine: start, resume, cancel, read, follow, list.

Empty on purpose: `listing` must be importable without what the other modules need.
"""
