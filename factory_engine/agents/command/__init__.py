"""Any program, run as configured: how it is driven, and what can be known before it works."""
