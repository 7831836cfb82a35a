"""The views of one worker, or of Z: a module a kind of tab, with its keys and line of facts."""
