"""The third stage: each bundle against the plan, the schemas, and what its patch really yields."""
