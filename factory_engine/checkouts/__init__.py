"""The checkouts in which the programs of a run work, and what is collected from them.

Owns base layers, overlays over them and their fallbacks, the pool, what is carried in, and the tree
that a worker left. Knows no worker, no stage and no sandbox; git's own processes are in `git`.
"""
