"""The fourth stage: N bundles into one tree, that tree checked, the whole judged."""
