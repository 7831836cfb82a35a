"""This repository's adoption of Factory: the shim and its configuration. Owns no logic."""
