"""Why a run is blocked, what shows it, and what can be done about it."""
