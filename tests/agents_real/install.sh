#!/bin/sh
# usage: tests/agents_real/install.sh [FOLDER [acp]]
#
# Installs the real programs that the tests beside this file drive, into FOLDER (.agents/ of the
# checkout), with `acp` also two adapters that speak ACP. Needs npm; 640 MB, with the adapters twice
# as much. What cannot be installed is named, and its tests are skipped.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here/../../.agents}
# Exact versions: where the newest wants a newer Node, npm takes an older one without a word.
set -- "${2:-}" @openai/codex@0.171.0 @anthropic-ai/claude-code@2.1.197
if [ "$1" = acp ]; then
    set -- "$@" @zed-industries/codex-acp@0.16.0 @agentclientprotocol/claude-agent-acp@0.49.0
fi
shift
mkdir -p "$target"

install() { # install RETRIES PACKAGE…: exactly these versions, with whatever was there before
    retries=$1
    shift
    npm install --prefix "$target" --save-exact --no-fund --no-audit --loglevel=error \
        --fetch-timeout=60000 --fetch-retries="$retries" --fetch-retry-mintimeout=2000 "$@"
}

install 1 "$@" && exit
missing=0 # one that cannot be had must not take the others with it
for package; do
    install 0 "$package" || {
        printf '%s cannot be installed here: its tests are skipped\n' "$package" >&2
        missing=1
    }
done
exit $missing
