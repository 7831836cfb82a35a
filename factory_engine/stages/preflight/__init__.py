"""The first stage: what can be known before a worker starts."""
