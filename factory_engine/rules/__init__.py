"""Pure verdicts: artifacts and facts in, violations out. Nothing here reads, writes or runs."""
