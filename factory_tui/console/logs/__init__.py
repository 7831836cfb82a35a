"""The logs of programs: where they lie, their ends, and whole ones by line number."""
