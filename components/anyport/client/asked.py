"""What a request asks for: endpoint, API, features, and in which order targets may serve it.

The same reading as the gateway's (`gateway/lua/front.lua`), by a JSON parser. Strict where two readers could
disagree: a key given twice is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..gateway.lua_text import LENIENT
from ..gateway.routes import API_PATHS, EndpointRoute, RouteTable, TargetRoute

__all__ = ["Asked", "Refusal", "read_request"]

_APIS = {f"/v1{path}": api for api, path in API_PATHS.items()}


@dataclass(frozen=True)
class Refusal:
    """An answer that no target is asked for."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request that can be served.

    Attributes:
        endpoint: as the caller named it in `model`.
        api: key of `API_PATHS`.
        document: the body.
        streaming: whether it wants a stream.
        order: targets that may serve it, in the order to try them.
    """

    endpoint: EndpointRoute
    api: str
    document: Mapping[str, Any]
    streaming: bool
    order: tuple[TargetRoute, ...]

    def body_for(self, target: TargetRoute) -> bytes:
        """The body with the target's own model id; everything else means what it meant."""
        document = {**self.document, "model": target.model}
        try:
            return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        except UnicodeEncodeError:  # half a surrogate pair, which only an escape can carry
            return json.dumps(document, separators=(",", ":")).encode()

    def url_for(self, target: TargetRoute) -> str:
        """Where the target serves this API."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        scheme = "https" if target.tls else "http"
        return f"{scheme}://{host}:{target.port}{target.base_path}{API_PATHS[self.api]}"


def read_request(
    table: RouteTable, method: str, path: str, body: bytes, random: Callable[[], float]
) -> Asked | Refusal:
    """Read a request to `/v1/…`. `random` gives numbers from 0 to below 1, for weights."""
    endpoints = {endpoint.name: endpoint for endpoint in table.endpoints}
    if path == "/v1/models" and method == "GET":
        rows = [
            {"id": name, "object": "model", "created": 0, "owned_by": "anyport"} for name in sorted(endpoints)
        ]
        return Refusal(200, {"object": "list", "data": rows})
    if path not in _APIS:
        return _refusal(404, "unknown_url", f"There is no {path[:80]} here.")
    if method != "POST":
        return _refusal(405, "method_not_allowed", "Use POST.")
    try:
        document = _document(body)
    except _NotRoutableError as error:
        return _refusal(400, "invalid_json", f"This request cannot be routed: {error}.")
    return _chosen(endpoints, _APIS[path], path, document, random)


def _chosen(
    endpoints: Mapping[str, EndpointRoute],
    api: str,
    path: str,
    document: Mapping[str, Any],
    random: Callable[[], float],
) -> Asked | Refusal:
    names, name = ", ".join(sorted(endpoints)), document.get("model")
    if not isinstance(name, str):
        return _refusal(400, "model_missing", f'The body names no model; send "model": one of {names}.')
    endpoint = endpoints.get(name)
    if endpoint is None:
        return _refusal(404, "model_not_found", f"There is no model {name[:80]} here; there is {names}.")
    if api not in endpoint.apis:
        return _refusal(404, "unknown_url", f"Model {name} does not serve {path}.")
    needs = frozenset(feature for feature, sign in _SIGNS.items() if sign(document))
    order = _order(endpoint, needs, random)
    if not order:
        listed = " and ".join(sorted(needs))
        return _refusal(400, "feature_not_supported", f"No target of {name} has {listed}.")
    return Asked(endpoint, api, document, "streaming" in needs, order)


def _order(
    endpoint: EndpointRoute, needs: frozenset[str], random: Callable[[], float]
) -> tuple[TargetRoute, ...]:
    """A feature of `LENIENT` that no target is known to have decides nothing; any other one refuses."""
    free = LENIENT - frozenset().union(*(target.features for target in endpoint.targets))
    able = [target for target in endpoint.targets if needs <= target.features | free]
    order: list[TargetRoute] = []
    for _, found in groupby(able, key=lambda target: target.priority):
        group = list(found)
        first = group[_weighted([target.weight for target in group], random())]
        order += [first, *(target for target in group if target is not first)]
    return tuple(order)


def _weighted(weights: list[int], drawn: float) -> int:
    left = drawn * sum(weights)
    for place, weight in enumerate(weights):
        left -= weight
        if left < 0:
            return place
    return len(weights) - 1


class _NotRoutableError(ValueError):
    """Why a body cannot be routed."""


def _document(body: bytes) -> Mapping[str, Any]:
    twice = False

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        made = dict(found)
        twice = len(made) != len(found)  # the outermost object is the last to be closed
        return made

    try:
        document = json.loads(body.decode(), object_pairs_hook=pairs, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _NotRoutableError("the body is not valid JSON") from None
    if not isinstance(document, dict):
        raise _NotRoutableError("the body must be a JSON object")
    if twice:
        raise _NotRoutableError("a key of the body is given twice")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _has_type(value: Any, *names: str) -> bool:
    """Whether any map within has a `type` of these."""
    return any(inner.get("type") in names for inner in _maps(value))


def _maps(value: Any) -> Iterator[Mapping[str, Any]]:
    left = [value]
    while left:
        found = left.pop()
        if isinstance(found, dict):
            yield found
            left += found.values()
        elif isinstance(found, list):
            left += found


_SIGNS: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "json_schema": lambda d: _has_type([d.get("response_format"), d.get("text")], "json_schema"),
    "reasoning": lambda d: "reasoning_effort" in d or "reasoning" in d,
    "streaming": lambda d: d.get("stream") is True,
    "tools": lambda d: any(isinstance(d.get(key), list) and d[key] for key in ("tools", "functions")),
    "vision": lambda d: _has_type(d.get("messages"), "image_url") or _has_type(d.get("input"), "input_image"),
}


def _refusal(status: int, code: str, message: str) -> Refusal:
    kind = "not_found_error" if status == 404 else "invalid_request_error"
    return Refusal(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})
