"""What the engine can ask of a simulated cloud, for any resource type: check, diff, create, read, update, delete.

The common part of all four clouds: faults, the transaction round every change, one operation at a time
per busy parent, previews. Knows wire values, not gRPC.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import schema
from .behaviour import Behaviour, Env, Inputs, Resource
from .errors import CloudError, Problem
from .faults import inject
from .state import Records
from .wire import merge, plain, preview

__all__ = ["Change", "Cloud", "Package", "changes"]

_STALE_SECONDS = 60.0
Invoke = Callable[[Env, Records, Inputs], Inputs]


@dataclass(frozen=True)
class Package:
    """One cloud: the Pulumi package it stands in for and the behaviours it knows.

    `fallback` serves every other type the SDK has; `busy` is the error for a parent in use.
    """

    name: str
    behaviours: dict[str, Behaviour]
    fallback: Callable[[str], Behaviour]
    invokes: dict[str, Invoke] = field(default_factory=dict)
    busy: Callable[[str], CloudError] = lambda parent: CloudError(f"{parent} is busy.", status=409)
    replaces_provider: Callable[[Inputs, Inputs], list[str]] = lambda _olds, _news: []

    def behaviour(self, token: str) -> Behaviour:
        """The behaviour of a resource type."""
        return self.behaviours.get(token) or self.fallback(token)


@dataclass(frozen=True)
class Change:
    """One input that differs. `how` is add, delete or update."""

    path: str
    how: str


class Cloud:
    """One plugin process's view of a simulated cloud."""

    def __init__(self, package: Package, env: Env) -> None:
        self.package = package
        self.env = env

    def check(self, res: Resource, news: Inputs, olds: Inputs) -> tuple[Inputs, list[Problem]]:
        """The inputs with defaults filled in, and everything wrong with them."""
        problems = schema.check(res.type, news)
        if problems:
            return news, problems
        rules = self.package.behaviour(res.type)
        checked = merge(news, rules.defaults(self.env, res, plain(news), plain(olds)))
        return checked, rules.check(self.env, res, plain(checked))

    def diff(
        self, res: Resource, identity: str, olds: Inputs, news: Inputs
    ) -> tuple[list[Change], list[str], bool]:
        """What changed, which changes replace, and whether the old one must go before the new one comes."""
        rules = self.package.behaviour(res.type)
        old, new = plain(olds), plain(news)
        found = list(changes(old, new))
        replacing = [change.path for change in found if rules.replaces(change.path)]
        first = False
        if replacing:
            with self.env.state.transaction() as records:
                serials = dict(records.data["serials"])
                first = rules.identify(self.env, res, new, records) == identity
                records.data["serials"] = serials
        return found, replacing, first

    def preview_create(self, res: Resource, inputs: Inputs) -> Inputs:
        """What is known of the outputs before anything exists."""
        rules = self.package.behaviour(res.type)
        computed = rules.outputs(self.env, res, "", plain(inputs))
        return dict(merge(inputs, preview(computed, inputs)))

    def preview_update(self, res: Resource, identity: str, inputs: Inputs, olds: Inputs) -> Inputs:
        """The outputs after an update, unknown where they will not stay as they are."""
        computed = self.package.behaviour(res.type).outputs(self.env, res, identity, plain(inputs))
        return dict(merge(inputs, preview(computed, merge(olds, inputs))))

    def create(self, res: Resource, inputs: Inputs) -> tuple[str, Inputs]:
        """Make it.

        Returns:
            The id and the outputs.
        """
        rules, opened = self.package.behaviour(res.type), plain(inputs)
        with self.env.state.transaction() as records:
            identity = rules.identify(self.env, res, opened, records)
        self._inject(res, identity, "create")
        key = self._key(rules, res.type, identity)
        with self._turn(rules.parent(self.env, opened)) as finish:
            with self.env.state.transaction() as records:
                if key in records.resources and not rules.idempotent:
                    raise self._exists(rules, identity)
                rules.admit(self.env, res, opened, records)
                outputs = dict(merge(inputs, rules.outputs(self.env, res, identity, opened)))
                self._put(records, key, res, identity, inputs, outputs)
            finish()
        return identity, outputs

    def _exists(self, rules: Behaviour, identity: str) -> CloudError:
        message = getattr(rules, "exists", "cannot create already existing resource '{id}'")
        return CloudError(message.format(id=identity))

    def read(self, res: Resource, identity: str, outputs: Inputs, inputs: Inputs) -> dict[str, Any] | None:
        """The record as the cloud has it now, or None when it is gone."""
        self._inject(res, identity, "read")
        rules = self.package.behaviour(res.type)
        with self.env.state.transaction() as records:
            found = records.resources.get(self._key(rules, res.type, identity))
            if found is not None and not rules.blind:
                return found
            return rules.read(self.env, identity, records, {"outputs": outputs, "inputs": inputs})

    def update(self, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Change it in place."""
        self._inject(res, identity, "update")
        rules, opened = self.package.behaviour(res.type), plain(inputs)
        key = self._key(rules, res.type, identity)
        with self._turn(rules.parent(self.env, opened)) as finish:
            with self.env.state.transaction() as records:
                record = records.resources.get(key)
                if record is None:
                    raise CloudError(f"'{identity}' was not found; run `pulumi refresh`.", status=404)
                rules.admit_update(self.env, res, opened, record, records)
                outputs = dict(merge(inputs, rules.outputs(self.env, res, identity, opened)))
                self._put(records, key, res, identity, inputs, outputs)
            finish()
        return outputs

    def delete(self, res: Resource, identity: str, inputs: Inputs) -> None:
        """Remove it. What is gone already counts as deleted, unless the real cloud fails there."""
        self._inject(res, identity, "delete")
        rules = self.package.behaviour(res.type)
        key = self._key(rules, res.type, identity)
        with self._turn(rules.parent(self.env, plain(inputs))) as finish:
            with self.env.state.transaction() as records:
                record = records.resources.pop(key, None)
                if record is None and not rules.lenient_delete:
                    raise CloudError(f"{identity} was not found, so it cannot be undeployed.", status=404)
                if record is not None:
                    rules.release(self.env, record, records)
            finish()

    def invoke(self, token: str, arguments: Inputs) -> Inputs:
        """A function of the package (a data source)."""
        function = self.package.invokes.get(token)
        if function is None:
            have = ", ".join(sorted(self.package.invokes)) or "none"
            raise CloudError(f"The sandbox does not simulate the function {token}; it has: {have}.")
        with self.env.state.transaction() as records:
            return function(self.env, records, plain(arguments))

    @contextmanager
    def _turn(self, parent: str | None) -> Iterator[Callable[[], None]]:
        """Hold a parent for one operation; the yielded function lets the simulated time pass."""
        if parent is None:
            yield lambda: None
            return
        now = self.env.clock.now().timestamp()
        with self.env.state.transaction() as records:
            if records.busy.get(parent, 0.0) > now:
                raise self.package.busy(parent)
            records.busy[parent] = now + _STALE_SECONDS
        try:
            yield lambda: self.env.clock.sleep(self.env.busy_seconds)
        finally:
            with self.env.state.transaction() as records:
                records.busy.pop(parent, None)

    def _inject(self, res: Resource, identity: str, operation: str) -> None:
        names = (res.name, identity, identity.rpartition("/")[2])
        inject(self.env.state, self.env.clock, self.package.name, res.type, names, operation)

    def _key(self, rules: Behaviour, token: str, identity: str) -> str:
        return f"{token}|{rules.scope(self.env)}|{identity}"

    def _put(
        self, records: Records, key: str, res: Resource, identity: str, inputs: Inputs, outputs: Inputs
    ) -> None:
        scope = key.split("|")[1]
        records.resources[key] = {
            "type": res.type, "scope": scope, "id": identity, "urn": res.urn, "inputs": inputs, "outputs": outputs,
        }  # fmt: skip


def changes(old: Any, new: Any, path: str = "") -> Iterator[Change]:
    """The leaves that differ between two plain inputs, in order of the paths."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if key.startswith("__") and not path:
                continue
            step = f'["{key}"]' if "." in key or "[" in key else (f".{key}" if path else key)
            yield from changes(old.get(key), new.get(key), path + step)
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            pair = [side[index] if index < len(side) else None for side in (old, new)]
            yield from changes(pair[0], pair[1], f"{path}[{index}]")
    elif old != new or type(old) is not type(new):
        yield Change(path, "add" if old is None else "delete" if new is None else "update")
