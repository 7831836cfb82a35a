"""Claude Code: how it is driven, and what can be known before it works."""
