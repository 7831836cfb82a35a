"""The artifacts of one worker or of Z, read for showing."""
