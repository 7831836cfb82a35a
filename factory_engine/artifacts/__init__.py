"""The files of a run folder as models: what they hold, not where they lie."""
