"""Small changes to a catalog data file as text, so that comments, order and line breaks of all the rest stay.

The place of every value comes from PyYAML's marks. The result is read again and must differ from the old document in
the wanted values and in nothing else, or the file is left alone.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import date
from typing import Any

import yaml

from ..errors import Problem, SpecError

__all__ = ["changed_text"]

ORDER = (
    "model_id", "version", "format", "servings", "regions", "regions_servings", "context_window", "max_output_tokens",
    "embedding_dimensions", "features", "input_usd_per_million", "output_usd_per_million", "price_source",
    "priced_on", "retires_on", "retirement_basis", "retirement_conflict", "retires_servings", "lifecycle", "passes_to", "doubtful", "collected_on",
    "source", "note",
)  # fmt: skip
"""Order of an offer's keys in the data files."""
_WIDTH = 100
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def changed_text(text: str, path: tuple[str, ...], values: Mapping[str, Any], file: str) -> str:
    """The file's text with some keys of one map set.

    Args:
        text: the file.
        path: keys that lead to the map.
        values: key to text, bool, date or list of texts.
        file: how messages call the file.

    Raises:
        SpecError: AP532 there is no such map, or the text cannot be changed without touching anything else.
    """
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_LOADER)):
        raise _unsafe(file, path)
    _map_node(text, path, file)
    wanted = _read(text)
    _at(wanted, path).update({key: list(v) if isinstance(v, tuple) else v for key, v in values.items()})
    found = text
    for key, value in sorted(values.items(), key=lambda pair: _rank(pair[0])):
        found = _set(found, path, key, value, file)
    try:
        same = _read(found) == wanted
    except yaml.YAMLError:
        same = False
    if not same:
        raise _unsafe(file, path)
    return found


def _read(text: str) -> Any:
    return yaml.load(text, Loader=_LOADER)  # noqa: S506  # a safe loader


def _unsafe(file: str, path: tuple[str, ...]) -> SpecError:
    message = "cannot be changed without touching more than the wanted values"
    return SpecError([Problem("AP532", ".".join(path), message, fix="change it by hand", file=file)])


def _at(document: Any, path: tuple[str, ...]) -> dict[str, Any]:
    for key in path:
        document = document[key]
    found: dict[str, Any] = document
    return found


def _rank(key: str) -> int:
    return ORDER.index(key) if key in ORDER else len(ORDER)


def _map_node(text: str, path: tuple[str, ...], file: str) -> yaml.MappingNode:
    node = yaml.compose(text, Loader=_LOADER)
    for key in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        node = next((value for name, value in pairs if name.value == key), None)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise _unsafe(file, path)
    return node


def _set(text: str, path: tuple[str, ...], key: str, value: Any, file: str) -> str:
    node = _map_node(text, path, file)
    indent = node.value[0][0].start_mark.column
    written = _written(value, indent)
    for name, old in node.value:
        if name.value == key:
            span = text[old.start_mark.index : old.end_mark.index]
            if isinstance(old, yaml.CollectionNode) and (not old.flow_style or "#" in span):
                raise _unsafe(file, (*path, key))  # a comment in there would be lost
            return text[: old.start_mark.index] + written + text[old.end_mark.index :]
    if node.flow_style:
        end = node.value[-1][1].end_mark.index
        return f"{text[:end]}, {key}: {_written(value, None)}{text[end:]}"
    at = _line_for(text, node, key)
    before = text[:at] if not at or text[at - 1] == "\n" else text[:at] + "\n"
    return f"{before}{' ' * indent}{key}: {written}\n{text[at:]}"


def _line_for(text: str, node: yaml.MappingNode, key: str) -> int:
    """Start of the line that the key goes before: after the last one that comes earlier by the files' order."""
    after = [(name, value) for name, value in node.value if _rank(name.value) <= _rank(key)]
    if not after:
        first = node.value[0][0].start_mark
        return int(first.index - first.column)
    value = after[-1][1]
    if isinstance(value, yaml.CollectionNode) and not value.flow_style:
        return int(value.end_mark.index - value.end_mark.column)
    end = text.find("\n", value.end_mark.index)
    return len(text) if end < 0 else end + 1


def _written(value: Any, indent: int | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return _text(value)
    listed = ", ".join(_text(one) for one in value)
    if indent is None or len(listed) + indent <= _WIDTH - 20:
        return f"[{listed}]"
    pad = " " * (indent + 2)
    lines = textwrap.wrap(listed, _WIDTH - indent - 2, break_long_words=False, break_on_hyphens=False)
    return "[\n" + "\n".join(pad + line for line in lines) + "\n" + " " * indent + "]"


def _text(value: str) -> str:
    """Bare where YAML reads it back as the same text, alone and in a list; else in double quotes.

    Signs that cannot be seen, or turn a line around, are written as escapes: the text may be a cloud's.
    """
    try:
        bare = value.isprintable() and yaml.safe_load(f"[{{k: {value}}}]") == [{"k": value}]
        bare = bare and yaml.safe_load(f"k: {value}") == {"k": value}
    except yaml.YAMLError:
        bare = False
    if bare:
        return value
    return str(
        yaml.safe_dump(value, default_style='"', allow_unicode=value.isprintable(), width=10**6)
    ).rstrip("\n")
