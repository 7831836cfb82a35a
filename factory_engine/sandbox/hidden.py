"""Where credentials lie for whoever has this environment, and which sockets lead out.

Owns the list of personal secrets: at their usual places, where variables say that they are, and the
logins of agents. Reads no secret; looks at names only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

# Where tokens, keys and cookies lie, below the home folder; what begins with `.config/` and the
# like is also looked for where XDG variables put it.
_SECRETS = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", "_netrc", ".authinfo"),
    *(".git-credentials", ".pgpass", ".my.cnf", ".pypirc", ".npmrc", ".yarnrc.yml", ".boto"),
    *(".vault-token", ".password-store", ".gem/credentials", ".terraform.d", ".oci", ".s3cfg"),
    *(".cargo/credentials", ".cargo/credentials.toml", ".m2/settings-security.xml"),
    *(".config/gh", ".config/glab-cli", ".config/hub", ".config/gcloud", ".config/op"),
    *(".config/git/credentials", ".config/containers", ".config/rclone"),
    *(".config/sops", ".config/age", ".config/doctl", ".config/heroku", ".config/pypoetry"),
    *(".config/google-chrome", ".config/chromium", ".mozilla", ".thunderbird"),
    *(".config/stripe", ".config/ngrok", ".config/hcloud", ".config/netlify", ".config/flyctl"),
    *(".config/anthropic", ".config/openai", ".config/huggingface", ".config/kaggle"),
    *(".config/codex-factory", ".local/state/codex-factory"),
    *(".local/share/keyrings", ".local/share/kwalletd", ".local/share/containers"),
    *(".cache/huggingface/token", ".cache/huggingface/stored_tokens", ".huggingface", ".kaggle"),
    *(".databrickscfg", ".snowsql", ".fly", ".netrc.gpg", ".circleci", ".ngrok2", ".wrangler"),
    *(".Xauthority", ".ICEauthority", ".authinfo.gpg", ".pip/pip.conf", ".config/pip"),
    *(".bash_history", ".zsh_history", ".python_history", ".psql_history", ".mysql_history"),
    *(".node_repl_history", ".sqlite_history", ".irb_history", ".rediscli_history"),
)
# A read-only file system does not keep anyone from talking to a socket on it. Behind these stands
# a service that starts programs outside for whoever asks.
_SERVICES = (
    *("/run/user", "/run/docker.sock", "/run/docker", "/run/podman", "/run/containerd"),
    *("/run/crio", "/run/dbus", "/run/systemd/private", "/run/snapd.socket", "/run/libvirt"),
)
_XDG = {
    ".config": "XDG_CONFIG_HOME",
    ".local/share": "XDG_DATA_HOME",
    ".local/state": "XDG_STATE_HOME",
    ".cache": "XDG_CACHE_HOME",
}
# Variables whose value is a place of credentials, or a list of such; what follows `/` lies in it.
_NAMED = (
    *("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    *("AZURE_CONFIG_DIR", "BOTO_CONFIG", "CLOUDSDK_CONFIG", "GOOGLE_APPLICATION_CREDENTIALS"),
    *("CARGO_HOME/credentials", "CARGO_HOME/credentials.toml", "DOCKER_CERT_PATH", "DOCKER_CONFIG"),
    *("GEM_HOME/credentials", "GH_CONFIG_DIR", "GLAB_CONFIG_DIR", "GNUPGHOME", "HISTFILE"),
    *("HF_HOME/token", "HF_TOKEN_PATH", "ICEAUTHORITY", "KRB5CCNAME", "KRB5_KTNAME"),
    *("KUBECONFIG", "MYSQL_TEST_LOGIN_FILE", "NETRC", "NPM_CONFIG_USERCONFIG"),
    *("OCI_CLI_CONFIG_FILE", "PASSWORD_STORE_DIR", "PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR"),
    *("PIP_CONFIG_FILE", "POETRY_CONFIG_DIR", "RCLONE_CONFIG", "REGISTRY_AUTH_FILE"),
    *("SOPS_AGE_KEY_FILE", "TF_CLI_CONFIG_FILE", "VAULT_CONFIG_PATH", "XAUTHORITY"),
    *("DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "GPG_AGENT_INFO", "SSH_AUTH_SOCK"),
    *("XDG_RUNTIME_DIR", "GNOME_KEYRING_CONTROL"),
)

# Where agents keep logins, by the beginning of their program's name: hidden from all programs that
# do not start that very agent.
_AGENTS = {
    "aider": (".aider.conf.yml", ".aider"),
    "amp": (".config/amp", ".local/share/amp"),
    "claude": (".claude", ".claude.json", ".config/claude"),
    "codex": (".codex",),
    "copilot": (".copilot", ".config/github-copilot"),
    "cursor": (".cursor", ".config/cursor"),
    "gemini": (".gemini",),
    "goose": (".config/goose", ".local/share/goose"),
    "opencode": (".config/opencode", ".local/share/opencode", ".local/state/opencode"),
    "qwen": (".qwen",),
}
_AGENT_FOLDERS = {
    "claude": ("CLAUDE_CONFIG_DIR",),
    "codex": ("CODEX_HOME",),
    "copilot": ("COPILOT_HOME",),
    "gemini": ("GEMINI_CONFIG_DIR",),
}

_MOST_SOCKETS = 200


def secrets(home: Path, environment: Mapping[str, str] | None = None) -> tuple[Path, ...]:
    """What to hide from every program: credentials, and doors to other processes.

    Args:
        home: the home folder of whoever has this environment.
        environment: where variables may say that credentials lie elsewhere; None for nowhere.
    """
    names = environment or {}
    places = [path for name in _SECRETS for path in _places(name, home, names)]
    places += [path for name in _NAMED for path in _named(name, names)]
    if environment is not None:
        places += _sockets(home)
    safe = (path for path in places if not _holds(path, home))
    return (*dict.fromkeys(safe), *map(Path, _SERVICES))


def agent_logins(
    home: Path, environment: Mapping[str, str], started: Iterable[str]
) -> tuple[Path, ...]:
    """The logins of all agents but those that a program starts.

    Args:
        home, environment: as for `secrets`.
        started: the words of its command line.
    """
    programs = [os.path.basename(word) for word in started]
    logins: list[Path] = []
    for agent, usual in _AGENTS.items():
        if any(word.startswith(agent) for word in programs):
            continue
        logins += [path for name in usual for path in _places(name, home, environment)]
        for name in _AGENT_FOLDERS.get(agent, ()):
            logins += _named(name, environment)
    return tuple(path for path in dict.fromkeys(logins) if not _holds(path, home))


def _places(name: str, home: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    yield home / name
    for folder, variable in _XDG.items():
        moved = environment.get(variable, "")
        if name.startswith(f"{folder}/") and os.path.isabs(moved):
            yield Path(moved, name.removeprefix(f"{folder}/"))


def _named(name: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """The paths in the value of a variable, in whatever form: a list, `unix:path=`, `FILE:`."""
    variable, _, inside = name.partition("/")
    values = [environment.get(variable, "")]
    values += [environment.get(variable.lower(), "")]
    for value in values:
        for part in value.replace(",", os.pathsep).replace(";", os.pathsep).split(os.pathsep):
            text = part[part.find("/") :] if "/" in part else ""
            if "=" in part.partition("/")[0] or part.startswith(("/", "~", "//")):
                text = os.path.expanduser(part) if part.startswith("~") else text
            text = "/" + text.lstrip("/") if text else ""
            if text:
                yield Path(text, inside) if inside else Path(text)


def _sockets(home: Path) -> Iterator[Path]:
    """Sockets below the home folder that somebody listens on."""
    try:
        with open("/proc/net/unix", errors="surrogateescape") as listed:
            lines = [line.split(maxsplit=7) for line in listed]
    except OSError:
        return
    names = {words[7].strip() for words in lines if len(words) == 8}
    below = sorted(name for name in names if name.startswith(f"{home}/"))
    yield from map(Path, below[:_MOST_SOCKETS])


def _holds(path: Path, home: Path) -> bool:
    """Whether hiding `path` would hide more than a secret: the home, or what lies above it."""
    return path == home or home.is_relative_to(path)
