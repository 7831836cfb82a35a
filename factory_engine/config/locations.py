"""Where runs and workspaces lie, for commands that must answer before pydantic is loaded.

Owns the two paths of the `paths` section. Imports neither the models nor anything that is slow to
load, and creates nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from factory_engine.config.layers import Sources, merge
from factory_engine.config.paths import APPLICATION, RUNS_DIR, is_fixed, not_fixed
from factory_engine.config.shape import Kind, Shape
from factory_engine.config.wording import described, shown
from factory_engine.errors import UsageError
from factory_engine.plain_file import first_link

TYPE_CHECKING = False  # importing typing costs as much as starting Python
if TYPE_CHECKING:
    from factory_engine.config.models import Config

_TREE = Shape(
    Kind.OBJECT,
    fields={
        "paths": Shape(
            Kind.OBJECT,
            fields={
                "runs_dir": Shape(Kind.TEXT),
                "signing_key": Shape(Kind.TEXT),
                "workspaces_dir": Shape(Kind.TEXT),
            },
        )
    },
)


def runs_dir(config: Config, root: Path) -> Path:
    """The folder of all runs.

    Args:
        config: the effective configuration.
        root: the repository's top folder, which a relative `paths.runs_dir` starts from.
    """
    return _plain(root, root / _path(config.paths.runs_dir))


def workspaces_dir(config: Config) -> Path:
    """The folder of all workspaces: `paths.workspaces_dir`, else in the user's cache folder."""
    return _workspaces(config.paths.workspaces_dir)


def signing_key(config: Config) -> Path | None:
    """The file of the private key that attestations are signed with; None where there is none."""
    return _path(config.paths.signing_key) if config.paths.signing_key else None


def runs_dir_from(
    root: Path, file: Path | None, environment: Mapping[str, str], overrides: Sequence[str]
) -> Path:
    """`runs_dir` from the same layers as `load`, looking at the `paths` section only.

    A mistake in another section is passed over: reading old runs does not depend on it.

    Raises:
        UsageError: a layer that cannot be read, or a wrong key or value below `paths`.
    """
    text = _setting("runs_dir", RUNS_DIR, Sources(root, file, environment, overrides))
    if not text:
        raise UsageError("paths.runs_dir: expected a path, not ''")
    return _plain(root, root / _path(text))


def workspaces_dir_from(
    root: Path, file: Path | None, environment: Mapping[str, str], overrides: Sequence[str]
) -> Path:
    """`workspaces_dir`, in the way of `runs_dir_from`. Raises UsageError as that does."""
    return _workspaces(_setting("workspaces_dir", "", Sources(root, file, environment, overrides)))


def _plain(root: Path, folder: Path) -> Path:
    """`folder`, to which no link of the repository leads. Raises UsageError."""
    if link := first_link(str(root), str(folder)):
        raise UsageError(
            "is a symbolic link, and runs must not land where it leads",
            where=Path(link).relative_to(root).as_posix(),
            advice="remove the link, or name its target as paths.runs_dir with --set",
        )
    return folder


def _setting(name: str, default: str, sources: Sources) -> str:
    merged = merge({"paths": {name: default}}, sources, _TREE, section="paths")
    section = merged.values["paths"]
    value = section.get(name) if isinstance(section, dict) else section
    if not isinstance(value, str):
        place = ("paths", name) if isinstance(section, dict) else ("paths",)
        expected = "text" if isinstance(section, dict) else "an object"
        what = f"{'.'.join(place)}: expected {expected}, not {described(value)}"
        raise UsageError(what, where=merged.origin(place))
    return value


def _workspaces(text: str) -> Path:
    if text:
        if not is_fixed(text):
            raise UsageError(f"paths.workspaces_dir: {not_fixed(text)}")
        return _path(text)
    import platformdirs  # as slow to load as Python itself to start; few commands come here

    return platformdirs.user_cache_path(APPLICATION, appauthor=False) / "workspaces"


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # ~name of somebody unknown, or no home at all
        raise UsageError(f"{shown(text)} names no home folder that exists") from None
