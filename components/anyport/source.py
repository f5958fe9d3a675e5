"""Where a value stands in a YAML file: reading with positions, and nothing run on the way.

YAML tags that build objects are refused, keys given twice are an error (plain loaders keep the last
one silently), and every path keeps its line. Merge keys and anchors are left alone as YAML means them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml
import yaml.constructor
import yaml.reader

from .errors import Problem, SpecError

__all__ = ["MAX_BYTES", "Position", "Source", "read_yaml", "reading_through"]

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 60
MAX_NODES = 2_000_000
MERGE_TAG = "tag:yaml.org,2002:merge"

YamlPath = tuple[str | int, ...]

_BREAKS = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
_NO_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def _or_text(construct: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A day, number or truth value that is none is text: whoever wants one judges it, where its line is known."""

    def value(loader: Any, node: Any) -> Any:
        try:
            return construct(loader, node)
        except (ValueError, LookupError, AttributeError, OverflowError):
            return node.value

    return value


_Loader: Any = type("_Loader", (getattr(yaml, "CSafeLoader", yaml.SafeLoader),), {})
for _kind in ("bool", "int", "float", "timestamp"):
    _tag = f"tag:yaml.org,2002:{_kind}"
    _Loader.add_constructor(_tag, _or_text(_Loader.yaml_constructors[_tag]))


_read_bytes: ContextVar[Callable[[Path], bytes] | None] = ContextVar("_read_bytes", default=None)


@contextmanager
def reading_through(read: Callable[[Path], bytes]) -> Iterator[None]:
    """Within this, files come from `read`, not from the disk: another revision, or a disk with guards before it.

    Args:
        read: contents of a path, as the path was written; may raise OSError (its `strerror` is shown) or SpecError.
    """
    token = _read_bytes.set(read)
    try:
        yield
    finally:
        _read_bytes.reset(token)


class Position(NamedTuple):
    """1-based line and column."""

    line: int
    column: int


@dataclass(frozen=True)
class Source:
    """The file a mapping came from and where its keys stand; empty for a mapping made in code."""

    file: str = ""
    positions: dict[YamlPath, Position] = field(default_factory=dict)

    def at(self, path: YamlPath) -> Position:
        """Position of `path`, or of its nearest known ancestor; line 0 when nothing is known."""
        while path:
            if path in self.positions:
                return self.positions[path]
            path = path[:-1]
        return self.positions.get((), Position(0, 0))

    def under(self, *prefix: str) -> Source:
        """The same file seen from a nested mapping."""
        size = len(prefix)
        inner = {path[size:]: pos for path, pos in self.positions.items() if path[:size] == prefix}
        return Source(self.file, inner)

    def renamed(self, rename: dict[str, str]) -> Source:
        """The same positions with first keys renamed (`anyport:tier` → `tier`)."""
        moved = {
            (rename[str(path[0])], *path[1:]): pos
            for path, pos in self.positions.items()
            if path and path[0] in rename
        }
        return Source(self.file, moved)


def read_yaml(path: Path, shown_as: str | None = None) -> tuple[Any, Source]:
    """Read one YAML document with positions.

    Raises:
        SpecError: AP001 unreadable, AP002 not YAML (or too deep, or tagged), AP003 key given twice.
    """
    name = shown_as or str(path)
    loader, text = None, ""
    positions: dict[YamlPath, Position] = {}
    try:
        text = _read_text(path, name)
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None, Source(name)
        _refuse_bombs(node, {}, 0)
        twice: list[Problem] = []
        _walk(node, (), 0, positions, lambda *at: twice.append(_twice_problem(name, *at)))
        if twice:
            raise SpecError(twice)
        value = loader.construct_document(node)  # a safe loader, chosen above
    except yaml.MarkedYAMLError as error:
        raise SpecError([_yaml_problem(name, error)]) from None
    except yaml.reader.ReaderError:
        raise SpecError([_character_problem(name, text)]) from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise SpecError([Problem("AP002", "", f"not valid YAML: {_short(error)}", file=name)]) from None
    finally:
        if loader is not None:
            loader.dispose()
    return value, Source(name, positions)


def _read_text(path: Path, name: str) -> str:
    def unreadable(why: str, fix: str) -> SpecError:
        return SpecError([Problem("AP001", "", why, fix=fix, file=name)])

    try:
        content = (_read_bytes.get() or _from_disk)(path)
        if len(content) > MAX_BYTES:
            raise unreadable(
                f"is larger than {MAX_BYTES // 2**20} MiB", "a stack file this large is a mistake"
            )
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise unreadable("is not UTF-8 text", "save the file as UTF-8") from None
    except IsADirectoryError:
        raise unreadable(
            "is a directory, not a file", "name a stack file, such as stacks/Pulumi.dev.yaml"
        ) from None
    except FileNotFoundError:
        raise unreadable("does not exist", "check the spelling of the path") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise unreadable(f"cannot be read: {_short(error)}", "check the path and its permissions") from None


def _from_disk(path: Path) -> bytes:
    """At most a little more than is allowed, and never from a pipe or a device, which may not end."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise OSError(0, "is not a regular file")
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _short(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return (str(error).splitlines() or [type(error).__name__])[0]


def _yaml_problem(name: str, error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    what = error.problem or "cannot be parsed"
    return Problem(
        "AP002",
        "",
        f"not valid YAML: {what}",
        fix="mend the syntax at this line",
        file=name,
        line=line,
        column=column,
    )


def _character_problem(name: str, text: str) -> Problem:
    found = _NO_TEXT.search(text)
    before = text[: found.start()] if found else ""
    lines = _BREAKS.split(before)
    return Problem(
        "AP002",
        "",
        "not valid YAML: a character that YAML does not allow",
        got=f"U+{ord(found[0]):04X}" if found else "",
        fix="remove it, or write it as an escape in double quotes",
        file=name,
        line=len(lines) if found else 0,
        column=len(lines[-1]) + 1 if found else 0,
    )


def _twice_problem(name: str, path: YamlPath, where: Position) -> Problem:
    return Problem(
        "AP003",
        ".".join(map(str, path)),
        "key is given twice; only one of them would count",
        fix="remove one of the two",
        file=name,
        line=where.line,
        column=where.column,
    )


def _refuse_depth(node: yaml.Node, depth: int) -> None:
    if depth > MAX_DEPTH:
        what = f"nested more than {MAX_DEPTH} levels deep"
        raise yaml.constructor.ConstructorError(None, None, what, node.start_mark)


def _refuse_bombs(node: yaml.Node, sizes: dict[int, int], depth: int) -> int:
    """Count the nodes that aliases expand to; a small file can stand for billions."""
    _refuse_depth(node, depth)
    if id(node) in sizes:
        return sizes[id(node)]
    sizes[id(node)] = 0
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        children = [part for pair in node.value for part in pair]
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    size = 1 + len(children)
    for child in children:
        if not isinstance(child, yaml.ScalarNode):
            size += _refuse_bombs(child, sizes, depth + 1)
    sizes[id(node)] = size
    if size > MAX_NODES:
        raise ValueError("anchors expand to more than two million values")
    return size


def _walk(
    node: yaml.Node,
    path: YamlPath,
    depth: int,
    positions: dict[YamlPath, Position],
    twice: Callable[[YamlPath, Position], None],
) -> None:
    """Note where each key stands, in the order of the file, and call `twice` for those given before."""
    _refuse_depth(node, depth)
    if isinstance(node, yaml.MappingNode):
        seen: set[Any] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            mark = key.start_mark
            at = Position(mark.line + 1, mark.column + 1)
            if isinstance(key, yaml.ScalarNode) and key.tag != MERGE_TAG:
                if key.value in seen:
                    twice(here, at)
                seen.add(key.value)
            positions[here] = at
            if not isinstance(value, yaml.ScalarNode):
                _walk(value, here, depth + 1, positions, twice)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            mark = value.start_mark
            positions[*path, index] = Position(mark.line + 1, mark.column + 1)
            if not isinstance(value, yaml.ScalarNode):
                _walk(value, (*path, index), depth + 1, positions, twice)
