"""Answers the four listings over HTTP on loopback, page by page, and fails as it is told.

One server stands for all clouds: their paths do not meet. The region of an OCI question is in the host, which is
lost here, so its list is that of every region unless `region` is set; Azure's region is in the path.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from .world import Item, World

__all__ = ["Asked", "Fault", "ListingServer"]

Kind = Literal[
    "401", "403", "404", "429", "500", "503", "redirect", "garbage", "not_json", "no_list", "cut", "half", "loop",
    "elsewhere", "large",
]  # fmt: skip
_TEXTS = {
    "401": ("InvalidAuthenticationToken", "The access token is invalid."),
    "403": ("AuthorizationFailed", "The client does not have authorization to perform action."),
    "404": ("NoRegisteredProviderFound", "No registered resource provider found for location."),
    "429": ("TooManyRequests", "The request was throttled."),
    "500": ("InternalServerError", "Something happened."),
    "503": ("ServiceUnavailable", "Try again."),
}


@dataclass
class Fault:
    """What goes wrong where.

    Attributes:
        kind: a status; `garbage` bytes; `not_json` a page of HTML; `no_list` an object without the list; `cut` a
            connection that ends early; `half` a JSON text that does; `loop` and `elsewhere` a wrong next page;
            `large` a page without end.
        where: part of the path and query; empty for all.
        times: how often; None for always.
        retry_after: header of a 429 or 503.
    """

    kind: Kind
    where: str = ""
    times: int | None = None
    retry_after: str = ""


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    query: dict[str, str]
    authorization: str


@dataclass
class ListingServer:
    """Use with `with`; `url` is its address.

    Attributes:
        world: what is listed.
        token: the only one that is let in; empty lets everyone in.
        page: items per page.
        faults: the first that fits happens.
        region: of OCI's list.
    """

    world: World
    token: str = ""
    page: int = 20
    faults: list[Fault] = field(default_factory=list)
    region: str = ""
    port: int = 0
    asked: list[Asked] = field(default_factory=list)

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def fault_for(self, target: str) -> Fault | None:
        """The fault that happens to a request now."""
        for fault in self.faults:
            if fault.where in target and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def items(self, path: str, query: dict[str, str]) -> list[Item] | Item | None:
        """What a path lists; None for a path that is not known."""
        parts, world = path.strip("/").split("/"), self.world
        match parts:
            case [
                "subscriptions",
                _,
                "providers",
                "Microsoft.CognitiveServices",
                "locations",
                place,
                "models",
            ]:
                return world.azure_models.get(place)
            case [
                "subscriptions",
                _,
                "providers",
                "Microsoft.CognitiveServices",
                "locations",
                place,
                "usages",
            ]:
                return world.azure_usages.get(place)
            case ["20231130", "models"]:
                return [_public(one) for one in world.oci_models if self._in_region(one)]
            case ["20190729", "services", "generative-ai", "limits", name, "resourceAvailability"]:
                return world.oci_limits.get(name)
            case ["api", "v1", "nodes"]:
                return world.nodes
            case ["api", "v1", "pods"]:
                return world.pods
            case ["apis", "compute.coreweave.com", "v1alpha1", "nodepools"]:
                return world.node_pools
        return self._google(parts, query)

    def _google(self, parts: list[str], query: dict[str, str]) -> list[Item] | Item | None:
        """The same of Google's services."""
        world = self.world
        match parts:
            case ["v1beta1", "publishers", publisher, "models"]:
                return world.google_models.get(publisher, [])
            case ["v1", "publishers", publisher, "models", name]:
                return self._google_model(publisher, name)
            case ["v1", "projects", project, "services", service]:
                state = "ENABLED" if service in world.google_services else "DISABLED"
                return {
                    "name": f"projects/{project}/services/{service}",
                    "parent": f"projects/{project}",
                    "state": state,
                }
            case ["v3", "projects", _, "timeSeries"]:
                return self._series(query.get("filter", ""))
            case ["v1", "projects", _, "locations", "global", "services", _, "quotaInfos"]:
                return world.google_quotas
        return None

    def _google_model(self, publisher: str, name: str) -> Item | None:
        """One model; a version after `@` must be the listed one."""
        model, _, version = name.partition("@")
        for item in self.world.google_models.get(publisher, []):
            if item["name"].endswith(f"/{model}") and version in ("", item["versionId"]):
                return item
        return None

    def _series(self, wanted: str) -> list[Item]:
        """Series whose type and labels the filter names, as far as Anyport's filters go: `key="value"` and AND."""
        asked = dict(re.findall(r'([\w.]+)="([^"]*)"', wanted))
        return [
            item for item in self.world.google_usages if all(_label(item, k) == v for k, v in asked.items())
        ]

    def _in_region(self, item: Item) -> bool:
        regions = item.get("_regions") or ()
        return not self.region or not regions or self.region in regions


def _label(item: Item, path: str) -> Any:
    """A value at a path of a filter."""
    found: Any = item
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _public(item: Item) -> Item:
    return {key: value for key, value in item.items() if not key.startswith("_")}


class _Handler(BaseHTTPRequestHandler):
    owner: ListingServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class calls it so
        """Silent: tests read `asked`."""

    def do_GET(self) -> None:
        """One question."""
        parts = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        said = self.headers.get("authorization", "")
        self.owner.asked.append(Asked(parts.path, query, said))
        fault = self.owner.fault_for(self.path)
        if fault and self._broken(fault):
            return
        if self.owner.token and said != f"Bearer {self.owner.token}":
            self._send(401, _error("401"))
            return
        items = self.owner.items(parts.path, query)
        if items is None:
            self._send(404, _error("404"))
        elif isinstance(items, dict):
            self._send(200, items)
        else:
            self._list(parts.path, query, items, fault.kind if fault else "")

    def _list(self, path: str, query: dict[str, str], items: list[Item], fault: str) -> None:
        mark = next((query[k] for k in ("$skiptoken", "pageToken", "page", "continue") if k in query), "0")
        start = int(mark) if mark.isdigit() else 0
        end = start + self.owner.page
        more = end < len(items)
        if fault == "loop":
            end, more = start, True
        if fault == "no_list":
            self._send(200, {"hello": "world"})
            return
        page = items[start : start + self.owner.page]
        headers: dict[str, str] = {}
        body: dict[str, Any]
        if path.startswith("/subscriptions/"):
            body = {"value": page}
            host = "https://elsewhere.example" if fault == "elsewhere" else self.owner.url
            if more or fault == "elsewhere":
                body["nextLink"] = f"{host}{path}?{urlencode({**query, '$skiptoken': str(end)})}"
        elif path.startswith(("/v1beta1/", "/v1/", "/v3/")):
            key = (
                "timeSeries"
                if path.startswith("/v3/")
                else "publisherModels"
                if "publishers" in path
                else "quotaInfos"
            )
            body = {key: page} if page else {"unit": "1"} if path.startswith("/v3/") else {}
            body |= {"nextPageToken": str(end)} if more else {}
        elif path.startswith("/20231130/"):
            body, headers = {"items": page}, {"opc-next-page": str(end)} if more else {}
        else:
            body = {"items": page, "metadata": {"continue": str(end)} if more else {}}
        self._send(200, body, headers)

    def _broken(self, fault: Fault) -> bool:
        """Whether the fault answered in place of the listing."""
        kind = fault.kind
        if kind in _TEXTS:
            headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
            self._send(int(kind), _error(kind), headers)
        elif kind == "redirect":
            self._send(302, {}, {"Location": "https://elsewhere.example/"})
        elif kind == "garbage":
            self._bytes(200, b"\x00\xff\xfe garbage \x80", {})
        elif kind == "not_json":
            self._bytes(200, b"<html><body>Sign in</body></html>", {})
        elif kind == "half":
            self._bytes(200, b'{"value": [{"model": {"name": "gpt', {})
        elif kind == "large":
            self._bytes(200, b" " * (33 * 1024 * 1024), {})
        elif kind == "cut":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b'{"value": [')
            self.close_connection = True
        else:
            return False
        return True

    def _send(self, status: int, body: Item, headers: dict[str, str] | None = None) -> None:
        self._bytes(status, json.dumps(body).encode(), headers or {})

    def _bytes(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def _error(kind: str) -> Item:
    code, message = _TEXTS[kind]
    return {"error": {"code": code, "message": message}}
