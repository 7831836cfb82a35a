"""What leads a check out of its checkout into the operator's own work tree.

Owns the looking where nothing can be mounted and nothing be denied: such a check may run other code
than the merged one, and its exit code is no evidence then. Starts no program and judges nothing.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from factory_engine.sandbox import lies_in

_LARGEST = 1 << 20
_INTERPRETERS = ("python", "python3")
_SITES = ("lib/python3*/site-packages", "lib64/python3*/site-packages", "Lib/site-packages")
# What installers leave of an editable install: a path, a finder module, a link.
_EDITABLE = ("*.pth", "__editable__*.py", "*.egg-link")
_MODULES = ("lib/node_modules", "node_modules")


def at_checkout(
    environment: Mapping[str, str], root: Path, checkout: Path, home: Path
) -> dict[str, str]:
    """`environment` with the checkout wherever a value names the operator's work tree.

    Args:
        environment: of a program that does not find its checkout at the repository's own path.
        root: that path.
        checkout: where the checkout is.
        home: the user's home; a repository that holds it is not rewritten.
    """
    if home.is_relative_to(root) or root.parent == root:
        return dict(environment)
    return {name: _moved(value, str(root), str(checkout)) for name, value in environment.items()}


def ways_out(
    argv: Sequence[str], environment: Mapping[str, str], root: Path, checkout: Path, home: Path
) -> list[str]:
    """What leads from a program's surroundings to the operator's tree, each as a clause.

    Args:
        argv: the program and its arguments.
        environment: what it finds, as `at_checkout` made it.
        root: the operator's work tree, without symbolic links.
        checkout: where the program's own files are.
        home: the user's home folder.
    """
    top = str(root)
    clauses = [f"the argument {word}" for word in argv if _names(word, top)]
    clauses += [f"the variable {name}" for name, value in environment.items() if _names(value, top)]
    if lies_in(str(checkout), [top]):
        clauses.append("its checkout lies inside of it")
    search = environment.get("PATH", os.defpath).split(os.pathsep)
    prefixes = [*_prefixes(search), home / ".local"]
    for prefix in dict.fromkeys(prefixes):
        if lies_in(str(prefix), [top]):
            clauses.append(f"an interpreter in {prefix.name}")
        clauses += [f"{path.name} of an interpreter" for path in _editable(prefix, top)]
    clauses += [f"the package {path.name} of node" for path in _linked(search, top)]
    clauses += [f"the link {path}" for path in _links(checkout, top)]
    return [clause.replace(top, "<repository>") for clause in dict.fromkeys(clauses)]


def _moved(value: str, root: str, checkout: str) -> str:
    """`value` with `root` replaced where a path ends or goes on behind it."""
    pieces = value.split(root)
    text = pieces[0]
    for before, piece in itertools.pairwise(pieces):
        begins = not before or not (before[-1].isalnum() or before[-1] in "/._-")
        ends = not piece or piece[0] in "/:;,\"' \n"
        text += (checkout if begins and ends else root) + piece
    return text


def _names(text: str, root: str) -> bool:
    return _moved(text, root, "") != text


def _prefixes(search: Sequence[str]) -> Iterator[Path]:
    """The installations of the interpreters on the PATH; of a virtual environment, its base too."""
    for folder in search:
        for name in _INTERPRETERS:
            path = Path(folder or ".") / name
            if os.access(path, os.X_OK):
                yield path.parent.parent
                yield Path(os.path.realpath(path)).parent.parent


def _editable(prefix: Path, root: str) -> Iterator[Path]:
    for site in (site for pattern in _SITES for site in prefix.glob(pattern)):
        for path in (path for pattern in _EDITABLE for path in site.glob(pattern)):
            try:
                with open(path, "rb") as file:
                    text = os.fsdecode(file.read(_LARGEST))
            except OSError:
                continue
            if _names(text.replace("\\\\", "\\"), root):
                yield path


def _linked(search: Sequence[str], root: str) -> Iterator[Path]:
    for folder in search:
        for modules in _MODULES:
            place = Path(folder or ".").parent / modules
            for pattern in ("*", "@*/*"):
                for path in place.glob(pattern) if place.is_dir() else ():
                    if path.is_symlink() and lies_in(os.path.realpath(path), [root]):
                        yield path


def _links(checkout: Path, root: str) -> Iterator[Path]:
    for parent, folders, names in os.walk(checkout):
        for name in (*folders, *names):
            path = Path(parent, name)
            if path.is_symlink() and lies_in(os.path.realpath(path), [root]):
                yield path.relative_to(checkout)
