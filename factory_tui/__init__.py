"""What a person or a CI job touches: the command line and the console. Owns no rule of a run."""
