"""The table of commands and the text of `factory --help`.

Owns every command's name, module and one-line description. Imports nothing, so that help and
version are given as fast as Python starts.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGE = "factory_tui.cli.commands"

COMMANDS = {
    "init": ("init", "adopt this repository: configuration, prompts, shim; overwrites nothing"),
    "demo": ("demo", "make a sample repository and run four real workers on it"),
    "doctor": ("doctor", "every precondition of a run, and what to do about it"),
    "preflight": ("preflight", "the first stage on its own, without making a run"),
    "prompt": ("prompt", "what a worker's agent would be told"),
    "launch": ("launch", "create a run, or start workers of one again, and collect bundles"),
    "bundle-validate": ("bundle_validate", "judge each bundle of a run"),
    "integrate": ("integrate", "merge the bundles, check the result, give the verdict"),
    "oneshot": ("oneshot", "all five stages; goes on with an unfinished run"),
    "cancel": ("cancel", "stop a run that another process drives"),
    "ledger": ("ledger", "the events, as a table or as JSON lines"),
    "ledger-replay": ("ledger_replay", "verify a run's ledger and files, show its state"),
    "verify": ("verify", "whether a run's folder proves what it says, offline"),
    "keygen": ("keygen", "make a key to sign attestations with"),
    "print-report": ("print_report", "print the report of a run"),
    "open-report": ("open_report", "open the report of a run"),
    "open-run": ("open_run", "open the folder of a run"),
    "watch": ("watch", "follow a run of any process until it ends"),
    "serve": ("serve", "show a run in a browser on this machine, to look at only"),
    "runs": ("runs", "the runs, newest first"),
    "apply": ("apply", "put the result of a passed run on a new branch"),
    "prune": ("prune", "remove old runs' workspaces, or the runs"),
    "cache": ("cache", "the kept checkouts that make a run fast: list, remove"),
    "schema": ("schema", "the JSON Schema of an artifact or a document"),
    "config": ("config", "the effective configuration, and where each value came from"),
    "completion": ("completion", "a completion script for bash or zsh"),
}
"""Each command: the module that does it, and what it does in one line."""

_TEXT = """\
usage: {prog} [OPTIONS] COMMAND [OPTIONS]

Runs several agents on one git repository, each in its own checkout and scope,
and judges the merged result. Without a command: the console, on a terminal.

commands:
{commands}

common options, before or after the command:
  --run-id ID       the run; left out, the newest one is taken and named
  --dir PATH        a run's folder anywhere, for commands that only read
  --config FILE     a configuration file instead of the repository's own
  --set KEY=VALUE   one setting, such as run.max_parallel=2; repeatable
  --json            the result as one JSON document on standard output
  --quiet, -q       no progress and no remarks
  --no-color        no colours (NO_COLOR does the same)
  -C DIR            as if started in DIR
  --version         the version, nothing else
  --help, -h        this text; after a command, that command's options

exit codes: 0 PASS, 2 BLOCKED, 1 FAIL, 3 unfinished, 64 usage,
129, 130, 143 ended by SIGHUP, SIGINT, SIGTERM
"""


def answer(argv: Sequence[str]) -> str | None:
    """The answer to a command line that asks for help or version only; None for any other.

    Args:
        argv: the whole command line, the program first.
    """
    if len(argv) != 2:
        return None
    if argv[1] == "--version":
        return version_text()
    if argv[1] in ("--help", "-h"):
        return help_text(program_name(argv[0]))
    return None


def version_text() -> str:
    """What `--version` prints."""
    from factory_engine.version import VERSION  # a file of one line; the help does without it

    return f"factory {VERSION}\n"


def help_text(prog: str) -> str:
    """What `--help` prints."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {line}" for name, (_, line) in COMMANDS.items()]
    return _TEXT.format(prog=prog, commands="\n".join(lines))


def program_name(argv0: str) -> str:
    """How this program was called, for usage lines."""
    if argv0.startswith("python -m "):  # the shim of an adopted repository says it in full
        return argv0
    module = argv0.replace("\\", "/").endswith("factory_tui/__main__.py")
    return "python -m factory_tui" if module else "factory"
