"""The JSON documents that commands print under `--json`: their models, and a run as one."""
