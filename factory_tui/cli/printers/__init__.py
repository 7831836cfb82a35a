"""What a state or an event looks like: as lines, as a live table, for GitHub, as JUnit XML."""
