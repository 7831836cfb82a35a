"""What a run may say to others about Z's patch: an in-toto Statement in a DSSE envelope."""
