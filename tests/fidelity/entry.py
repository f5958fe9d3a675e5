"""From a Pulumi resource to the request it becomes: the maps of `maps/`, one file per package.

An entry names where the cloud describes the type; its other keys say, each with a reason where it loosens
anything, how Pulumi's arguments differ from the request:

    rename       argument → field, `a.b` deeper, `a[].b` in the one element of a list;
                 `a.b: c` below the first level stays where it is and is called c
    path         parameter of the path → how it is put together from arguments
    only_pulumi  argument that is never sent → why
    supplied     field that the provider adds → why
    loose        field for which the description takes anything → why that is enough
    as_keys      list of Pulumi that is sent as the keys of a map, in every type of the package
    undescribed  why no description is at hand
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import read_azure
import read_google
import read_oci
import yaml
from field import Described, Field
from validate import leaves, loose, problems

__all__ = ["Entry", "Request", "entries"]

MAPS = Path(__file__).parent / "maps"
READERS: dict[str, Callable[[Mapping[str, str]], Described]] = {
    "azure_native": read_azure.describe,
    "gcp": read_google.describe,
    "oci": read_oci.describe,
}
OWN_KEYS = ("rename", "path", "only_pulumi", "supplied", "loose", "undescribed")


@dataclass(frozen=True)
class Entry:
    """How one Pulumi type is described."""

    type: str
    package: str
    source: Mapping[str, str]
    rename: Mapping[str, str] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    only_pulumi: Mapping[str, str] = field(default_factory=dict)
    supplied: Mapping[str, str] = field(default_factory=dict)
    loose: Mapping[str, str] = field(default_factory=dict)
    as_keys: Mapping[str, str] = field(default_factory=dict)
    undescribed: str = ""

    @property
    def described(self) -> Described:
        """The cloud's description, read once."""
        return _described(self.package, tuple(sorted(self.source.items())))


@dataclass(frozen=True)
class Request:
    """One resource as the cloud would get it."""

    entry: Entry
    arguments: Mapping[str, Any]
    """As Pulumi has them."""
    body: Mapping[str, Any]
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, entry: Entry, arguments: Mapping[str, Any]) -> Request:
        """Undo what Pulumi and Terraform do to the names."""
        body: dict[str, Any] = {}
        known = entry.described.parameters
        parameters = {name: _fill(text, arguments) for name, text in entry.path.items()}
        used = {name for text in entry.path.values() for name in re.findall(r"\{(\w+)\}", text)}
        for name, value in _sent(arguments, entry).items():
            if name in entry.rename:
                _put(body, entry.rename[name].split("."), value)
            elif name in known and name not in entry.path:
                parameters[name] = value
            elif name not in used:
                body[name] = value
        return cls(entry, arguments, body, parameters)

    def problems(self) -> Iterator[str]:
        """What the cloud would refuse."""
        described, supplied = self.entry.described, self.entry.supplied
        for problem in problems(dict(self.body), described.body):
            if problem.removesuffix(": missing") not in supplied:
                yield problem
        wanted = {
            n: replace(f, required=f.required and n not in supplied) for n, f in described.parameters.items()
        }
        yield from problems(dict(self.parameters), Field("", "object", members=lambda: wanted))

    def exceptions(self) -> set[str]:
        """Exceptions of the entry that this resource made use of; also loose places nobody excused."""
        here = {path for path in self.entry.only_pulumi if _has(self.arguments, path.split("."))}
        described = self.entry.described
        needed = {n for n in (*described.parameters, *described.body.children) if n in self.entry.supplied}
        here |= {name for name in needed if name not in self.parameters and name not in self.body}
        return here | set(loose(dict(self.body), self.entry.described.body))

    def checked(self) -> tuple[int, int]:
        """How many leaves of the arguments were checked, of how many."""
        every = list(leaves(dict(self.arguments)))
        never = [p for p in every if any(p == e or p.startswith(f"{e}.") for e in self.entry.only_pulumi)]
        untyped = sum(1 for _ in loose(dict(self.body), self.entry.described.body))
        return len(every) - len(never) - untyped, len(every)


def _fill(text: str, arguments: Mapping[str, Any]) -> str:
    """A path; an argument that is not there leaves a hole that breaks the pattern."""
    return re.sub(r"\{(\w+)\}", lambda found: str(arguments.get(found.group(1), "")), text)


def _sent(value: Any, entry: Entry, prefix: str = "") -> Any:
    """Without nulls and what is never sent, and with the fields below the first level under their own names."""
    if isinstance(value, list):
        return [_sent(item, entry, prefix) for item in value]
    if not isinstance(value, Mapping):
        return value
    sent: dict[str, Any] = {}
    for name, item in value.items():
        here = f"{prefix}{name}"
        if item is None:
            continue
        if name in entry.as_keys and isinstance(item, list):
            sent[name] = {key: {} for key in item}
        elif here not in entry.only_pulumi:
            target = entry.rename.get(here, name) if prefix else name
            _put(sent, [target], _sent(item, entry, f"{here}."))
    return sent


def _put(body: dict[str, Any], steps: list[str], value: Any) -> None:
    step, *rest = steps
    name = step.removesuffix("[]")
    if not rest:
        body[name] = [value] if step.endswith("[]") else value
        return
    inner = body.setdefault(name, [{}] if step.endswith("[]") else {})
    _put(inner[0] if step.endswith("[]") else inner, rest, value)


def _has(value: Any, steps: list[str]) -> bool:
    if isinstance(value, list):
        return any(_has(item, steps) for item in value)
    if not steps:
        return True
    return isinstance(value, Mapping) and steps[0] in value and _has(value[steps[0]], steps[1:])


@cache
def _described(package: str, source: tuple[tuple[str, str], ...]) -> Described:
    return READERS[package](dict(source))


@cache
def entries() -> Mapping[str, Entry]:
    """All entries by Pulumi type."""
    found = {}
    for package in READERS:
        data = yaml.safe_load((MAPS / f"{package}.yaml").read_text("utf-8"))
        for kind, said in data["types"].items():
            own = {key: said[key] for key in OWN_KEYS if key in said}
            own["as_keys"] = data.get("as_keys", {})
            own["supplied"] = {
                **(data["supplied"] if "undescribed" not in said else {}),
                **own.get("supplied", {}),
            }
            source = data["sources"].get(said.get("source"), {})
            source = {**source, **{k: v for k, v in said.items() if k not in (*OWN_KEYS, "source")}}
            found[kind] = Entry(kind, package, source, **own)
    return found
