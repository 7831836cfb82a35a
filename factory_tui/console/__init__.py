"""The full-screen console: shows runs and starts commands. Loaded on a terminal only."""
