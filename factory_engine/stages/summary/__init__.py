"""The last stage: the verdict in every place where somebody looks for it."""
