"""The route table: endpoints and their targets in order, read from contracts and checked.

One table, several gateways: Envoy's configuration, the cluster resources and the client transport are made
from it, so they cannot disagree about order, model ids or who can do what.
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from ..contract import EndpointContract, TargetContract
from ..errors import AnyportError, Problem

__all__ = ["API_PATHS", "EndpointRoute", "RouteError", "RouteTable", "TargetRoute", "route_table"]

API_PATHS: dict[str, str] = {
    "chat_completions": "/chat/completions",
    "responses": "/responses",
    "embeddings": "/embeddings",
}
"""API of a contract → path below the base URL."""

MOST_ORDERS = 64


class RouteError(AnyportError):
    """The contracts cannot be made into routes."""


@dataclass(frozen=True, slots=True)
class TargetRoute:
    """Where one target is and how to call it.

    Attributes:
        name: target name, unique within its endpoint.
        host: host name of the base URL, for TLS and the Host header.
        port: of the base URL.
        tls: whether the base URL is https.
        base_path: path of the base URL without a trailing slash.
        model: what goes into the `model` field; empty for a self-deployed Vertex endpoint.
        auth: kind of authentication.
        scope: OAuth scope of a minted token, or None.
        secret: reference to a key, or None for minted tokens.
        features: features the catalog says it has.
        priority: order of use; equal ones share traffic by weight.
        weight: share among equal priorities.
    """

    name: str
    provider: str
    region: str
    host: str
    port: int
    tls: bool
    base_path: str
    model: str
    auth: str
    scope: str | None
    secret: str | None
    features: frozenset[str]
    priority: int
    weight: int

    @property
    def origin(self) -> str:
        """Scheme, host and port of the base URL, as URLs have them: IPv6 in brackets, no port that goes unsaid."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == (443 if self.tls else 80) else f":{self.port}"
        return f"{'https' if self.tls else 'http'}://{host}{port}"


@dataclass(frozen=True, slots=True)
class EndpointRoute:
    """One endpoint: callers send its name as `model`. Targets are in order of use.

    `missing` are warm targets of the spec that no contract describes: built elsewhere, and not routed to.
    """

    name: str
    apis: tuple[str, ...]
    targets: tuple[TargetRoute, ...]
    missing: tuple[str, ...] = ()

    @property
    def telling_features(self) -> tuple[str, ...]:
        """Features that some target lacks, so that a request's needs decide who may serve it."""
        every = frozenset().union(*(target.features for target in self.targets))
        return tuple(sorted(f for f in every if any(f not in target.features for target in self.targets)))

    def orders(self) -> list[tuple[int, ...]]:
        """Every order in which some request may try targets, as indices into `targets`.

        One per set of needed features and, among equal priorities, per target that may come first.
        """
        found: dict[tuple[int, ...], None] = {}
        for size in range(len(self.telling_features) + 1):
            for needs in itertools.combinations(self.telling_features, size):
                able = [i for i, target in enumerate(self.targets) if target.features.issuperset(needs)]
                for order in self._rotations(able):
                    found.setdefault(order)
        found.pop((), None)
        return sorted(found)

    def _rotations(self, able: list[int]) -> Iterable[tuple[int, ...]]:
        groups = [list(group) for _, group in itertools.groupby(able, key=lambda i: self.targets[i].priority)]
        choices = [[(first, *(i for i in group if i != first)) for first in group] for group in groups]
        for chosen in itertools.product(*choices):
            yield tuple(itertools.chain.from_iterable(chosen))


@dataclass(frozen=True, slots=True)
class RouteTable:
    """All endpoints of a gateway, by name."""

    endpoints: tuple[EndpointRoute, ...]


def route_table(contracts: Any, *, known_secrets: Iterable[str] | None = None) -> RouteTable:
    """Read contracts into routes.

    Args:
        contracts: `{"endpoints": {name: contract}}` as a stack's outputs have it, that map itself, or one
            contract; values may be JSON texts.
        known_secrets: references that can be resolved; None does not check them.

    Raises:
        RouteError: with every problem (AP401 to AP405).
    """
    problems: list[Problem] = []
    endpoints = []
    for name, raw in sorted(_by_name(contracts).items()):
        try:
            contract = EndpointContract.model_validate(_opened(raw))
        except ValidationError as error:
            problems += [_unreadable(name, dict(detail)) for detail in error.errors(include_url=False)]
            continue
        targets = [_target(name, target, problems) for target in contract.targets]
        good = [target for target in targets if target is not None]
        missing = tuple(each for each in contract.elsewhere if each not in contract.cold)
        endpoint = EndpointRoute(contract.endpoint, contract.apis, _ordered(good), missing)
        problems += _wrong(endpoint, contract, known_secrets)
        endpoints.append(endpoint)
    if not endpoints and not problems:
        problems.append(Problem("AP401", "endpoints", "there is no endpoint to route to", file="contract"))
    problems += [*_twice(endpoints), *_shared_addresses(endpoints)]
    if problems:
        raise RouteError(problems)
    return RouteTable(tuple(endpoints))


def _by_name(contracts: Any) -> Mapping[str, Any]:
    value = _opened(contracts)
    if isinstance(value, Mapping) and "endpoints" in value:
        value = _opened(value["endpoints"])
    elif isinstance(value, Mapping) and "targets" in value:
        value = {str(value.get("endpoint", "?")): value}
    if not isinstance(value, Mapping):
        raise RouteError([Problem("AP401", "", "a contract must be a map of endpoints", file="contract")])
    return value


def _opened(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise RouteError([Problem("AP401", "", "the contract is not valid JSON", file="contract")]) from None


def _unreadable(endpoint: str, detail: Mapping[str, Any]) -> Problem:
    place = "endpoints." + ".".join(str(part) for part in (endpoint, *detail["loc"]))
    if detail["type"] == "string_pattern_mismatch":
        return Problem("AP401", place, "is not the name of an endpoint or a target", got=repr(detail["input"])[:80],
                       allowed="lower case letters, digits and hyphens, 32 at most", file="contract")  # fmt: skip
    message = str(detail["msg"])
    return Problem("AP401", place, message[:1].lower() + message[1:], file="contract")


def _target(endpoint: str, contract: TargetContract, problems: list[Problem]) -> TargetRoute | None:
    place = f"endpoints.{endpoint}.targets.{contract.target}"
    try:
        url = urlsplit(contract.base_url)
        port = url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        url, port = urlsplit(""), 0
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.username:
        problems.append(
            Problem(
                "AP402", f"{place}.base_url", "is not the base URL of a server", got=contract.base_url[:80],
                allowed="https://host/path", file="contract",
            )
        )  # fmt: skip
        return None
    return TargetRoute(
        name=contract.target,
        provider=contract.provider,
        region=contract.region,
        host=url.hostname,
        port=port,
        tls=url.scheme == "https",
        base_path=url.path.rstrip("/"),
        model=contract.model,
        auth=contract.auth.kind,
        scope=contract.auth.scope,
        secret=contract.auth.secret,
        features=frozenset(contract.features),
        priority=contract.priority,
        weight=contract.weight or 1,
    )


def _ordered(targets: list[TargetRoute]) -> tuple[TargetRoute, ...]:
    return tuple(sorted(targets, key=lambda target: (target.priority, -target.weight, target.name)))


def _wrong(
    endpoint: EndpointRoute, contract: EndpointContract, known_secrets: Iterable[str] | None
) -> list[Problem]:
    place = f"endpoints.{endpoint.name}"
    problems: list[Problem] = []
    if not contract.targets:
        problems.append(Problem("AP401", place, "has no target in this contract", file="contract"))
    had = frozenset().union(*(target.features for target in endpoint.targets))
    problems += [
        Problem("AP404", place, f"promises {feature}, which none of its targets has", file="contract")
        for feature in contract.features
        if endpoint.targets and feature not in had
    ]
    known = None if known_secrets is None else set(known_secrets)
    for target in endpoint.targets:
        if known is not None and target.secret and target.secret not in known:
            where = f"{place}.targets.{target.name}.auth.secret"
            problems.append(
                Problem("AP405", where, f"the secret {target.secret} is not known here", file="contract")
            )
    if len(endpoint.orders()) > MOST_ORDERS:
        problems.append(
            Problem("AP401", place, f"has more than {MOST_ORDERS} possible orders of targets",
                    fix="give fewer targets the same priority", file="contract")
        )  # fmt: skip
    return problems


def _twice(endpoints: Iterable[EndpointRoute]) -> list[Problem]:
    """A name is the key of a credential, a cluster and a memory of failures: two would share them."""
    known = list(endpoints)
    twice = [f"endpoints.{name}" for name in _more_than_once(endpoint.name for endpoint in known)]
    for endpoint in known:
        names = _more_than_once(target.name for target in endpoint.targets)
        twice += [f"endpoints.{endpoint.name}.targets.{name}" for name in names]
    return [
        Problem("AP401", place, "is there twice", fix="give each one a name of its own", file="contract")
        for place in dict.fromkeys(twice)
    ]


def _more_than_once(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _shared_addresses(endpoints: Iterable[EndpointRoute]) -> list[Problem]:
    """Two targets of one endpoint at one address with one model fail together: no fallback at all."""
    problems = []
    for endpoint in endpoints:
        seen: dict[tuple[str, int, str, str], str] = {}
        for target in endpoint.targets:
            key = (target.host, target.port, target.base_path, target.model)
            other = seen.setdefault(key, target.name)
            if other != target.name:
                where = f"endpoints.{endpoint.name}.targets.{target.name}"
                problems.append(
                    Problem("AP403", where, f"has the address and the model of target {other}",
                            fix="take one of the two out", file="contract")
                )  # fmt: skip
    return problems
