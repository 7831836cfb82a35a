"""A patch as rows of a screen, computed for what is visible only."""
