"""What a request asks for: endpoint, API, features, and in which order targets may serve it.

The same reading as the gateway's (`gateway/lua/front.lua`), by a JSON parser. Strict where two readers could
disagree: a key given twice is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..gateway.lua_text import LENIENT
from ..gateway.routes import API_PATHS, EndpointRoute, RouteTable, TargetRoute

__all__ = ["Asked", "Refusal", "read_request"]

_INVALID = "the body is not valid JSON"
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
        text: the body as the caller wrote it.
        model_at: where in it the value of `model` begins, and where it is over.
        streaming: whether it wants a stream.
        order: targets that may serve it, in the order to try them.
    """

    endpoint: EndpointRoute
    api: str
    text: str
    model_at: tuple[int, int]
    streaming: bool
    order: tuple[TargetRoute, ...]

    def body_for(self, target: TargetRoute) -> bytes:
        """The body with the target's own model id and not another character changed, so that no number loses digits."""
        begin, end = self.model_at
        return f"{self.text[:begin]}{json.dumps(target.model)}{self.text[end:]}".encode()

    def url_for(self, target: TargetRoute) -> str:
        """Where the target serves this API."""
        return f"{target.origin}{target.base_path}{API_PATHS[self.api]}"


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
        text = body.decode()
        members = _members(text)
    except UnicodeDecodeError:
        return _refusal(400, "invalid_json", f"This request cannot be routed: {_INVALID}.")
    except _NotRoutableError as error:
        return _refusal(400, "invalid_json", f"This request cannot be routed: {error}.")
    return _chosen(endpoints, path, text, members, random)


def _chosen(
    endpoints: Mapping[str, EndpointRoute],
    path: str,
    text: str,
    members: Mapping[str, _Member],
    random: Callable[[], float],
) -> Asked | Refusal:
    api, document = _APIS[path], {key: member.value for key, member in members.items()}
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
    return Asked(endpoint, api, text, members["model"].place, "streaming" in needs, order)


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


class _NotRoutableError(Exception):
    """Why a body cannot be routed."""


@dataclass(frozen=True)
class _Member:
    """A value of the outermost object, and from where to where it is written."""

    value: Any
    place: tuple[int, int]


def _members(text: str) -> dict[str, _Member]:
    """The outermost object's members.

    Raises:
        _NotRoutableError: the text is no JSON object, or has a key twice.
    """
    at = _after_blanks(text, 0)
    if text[at : at + 1] != "{":
        raise _NotRoutableError("the body must be a JSON object")
    found: dict[str, _Member] = {}
    try:
        at = _after_blanks(text, at + 1)
        end = at if text[at : at + 1] == "}" else _read_members(text, at, found)
    except (ValueError, RecursionError):
        raise _NotRoutableError(_INVALID) from None
    if _after_blanks(text, end + 1) != len(text):
        raise _NotRoutableError(_INVALID)
    return found


def _read_members(text: str, at: int, found: dict[str, _Member]) -> int:
    """Where the object's closing brace is."""
    while True:
        key, at = _DECODER.raw_decode(text, at)
        at = _after_blanks(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise ValueError(at)
        if key in found:
            raise _NotRoutableError("a key of the body is given twice")
        begin = _after_blanks(text, at + 1)
        value, end = _DECODER.raw_decode(text, begin)
        found[key] = _Member(value, (begin, end))
        at = _after_blanks(text, end)
        if text[at : at + 1] == "}":
            return at
        if text[at : at + 1] != ",":
            raise ValueError(at)
        at = _after_blanks(text, at + 1)


def _after_blanks(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _no_constant(name: str) -> None:
    raise ValueError(name)


_BLANKS = re.compile(r"[ \t\n\r]*")
# Numbers decide nothing here and are sent on as they are written, so none is worth reading.
_DECODER = json.JSONDecoder(parse_int=lambda _: None, parse_float=lambda _: None, parse_constant=_no_constant)


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
