#!/bin/sh
# usage: tests/agents_real/install.sh [FOLDER [acp]]
#
# Installs the real programs that the tests beside this file drive, into FOLDER (.agents/ of the
# checkout), with `acp` also two adapters that speak ACP. Needs npm; 640 MB, with the adapters twice
# as much. Tests whose program is missing are skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/../../.agents}
# Exact versions: where the newest wants a newer Node, npm takes an older one without a word.
set -- "${2:-}" @openai/codex@0.169.0 @anthropic-ai/claude-code@2.1.197
if [ "$1" = acp ]; then
    set -- "$@" @zed-industries/codex-acp@0.16.0 @agentclientprotocol/claude-agent-acp@0.49.0
fi
shift
mkdir -p "$target"
npm install --prefix "$target" --no-fund --no-audit --loglevel=error "$@"
