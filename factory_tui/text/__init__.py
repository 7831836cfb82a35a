"""What is said to people, in words and signs: one wording for the command line and the console."""
