"""A small client for the Kubernetes API over the standard library.

The official Python client is 30 MB of generated classes; what is needed here is plain objects by plain HTTP. Objects
are dicts in the API's own spelling; each names its kind by `apiVersion` and `kind`, and the server says where that
kind lives. It deliberately has no cache, no retries, and no typed objects.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from anyport_sandbox.kubernetes.errors import ApiError, ClusterError, NotYetError, refusal
from anyport_sandbox.kubernetes.watch import Object, Watch

__all__ = ["MANAGER", "Api", "Object", "Watch"]

MANAGER = "anyport-sandbox"
_TIMEOUT_SECONDS = 30.0
_STEP_SECONDS = 0.05
_CONTENT = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}


class Api:
    """One API server, one user.

    May be used from several threads; each has a connection of its own, and closes it with `close` at its end.
    """

    def __init__(self, url: str, token: str, ca_path: Path) -> None:
        self.url = url
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 443
        self._token = token
        self._context = ssl.create_default_context(cafile=str(ca_path))
        self._local = threading.local()
        self._kinds: dict[tuple[str, str], tuple[str, bool]] = {}

    @classmethod
    def from_kubeconfig(cls, path: Path) -> Api:
        """A client for the cluster of a kubeconfig of CoreWeave's form (server, token) that names an authority.

        Raises:
            ClusterError: the file is not there, or is not such a one.
        """
        try:
            config = json.loads(path.read_text("utf-8"))
            server, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
            return cls(server["server"], user["token"], Path(server["certificate-authority"]))
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ClusterError(f"the kubeconfig {path} cannot be used ({error}).") from error

    # -- objects ------------------------------------------------------------------------------------------

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object:
        """One object.

        Raises:
            ApiError: status 404 when it is not there.
        """
        return self.request("GET", self.path(api_version, kind, namespace, name))

    def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None when it is not there."""
        try:
            return self.get(api_version, kind, name, namespace)
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def list(
        self, api_version: str, kind: str, namespace: str = "", *, labels: str = "", fields: str = ""
    ) -> list[Object]:
        """Objects of a kind, of all namespaces when none is given."""
        query = {"labelSelector": labels, "fieldSelector": fields}
        answer = self.request("GET", self.path(api_version, kind, namespace), query=query)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]

    def create(self, body: Object) -> Object:
        """Make an object; one of that name is an `AlreadyExists`."""
        return self.request("POST", self._collection(body), body)

    def apply(
        self, body: Object, *, force: bool = True, dry_run: bool = False, manager: str = MANAGER
    ) -> Object:
        """Server-side apply; without `force`, fields that another manager set are a conflict (409)."""
        query = {
            "fieldManager": manager,
            "force": str(force).lower(),
            **({"dryRun": "All"} if dry_run else {}),
        }
        path = f"{self._collection(body)}/{quote(body['metadata']['name'])}"
        return self.request("PATCH", path, body, query=query, content="apply")

    def patch(self, body: Object, change: Any, *, content: str = "merge", part: str = "") -> Object:
        """Change an object (`content`: merge, strategic or json), or a part of it such as `status`."""
        path = f"{self._collection(body)}/{quote(body['metadata']['name'])}{f'/{part}' if part else ''}"
        return self.request("PATCH", path, change, content=content)

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        grace_seconds: int | None = None,
        uid: str = "",
        propagation: str = "Background",
    ) -> None:
        """Ask for an object's end; nothing to do when it is not there (or, given a uid, is another by now)."""
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if grace_seconds is not None:
            options["gracePeriodSeconds"] = grace_seconds
        if uid:
            options["preconditions"] = {"uid": uid}
        try:
            self.request("DELETE", self.path(api_version, kind, namespace, name), options)
        except ApiError as error:
            if error.status != http.client.NOT_FOUND and not (uid and error.status == http.client.CONFLICT):
                raise

    def evict(self, name: str, namespace: str) -> None:
        """Ask for a pod's eviction.

        Raises:
            ApiError: status 429 when a disruption budget forbids it now.
        """
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        }
        self.request("POST", f"{self.path('v1', 'Pod', namespace, name)}/eviction", body)

    def wait(
        self,
        what: Callable[[], Any],
        until: Callable[[Any], bool] = bool,
        *,
        seconds: float = 30.0,
        means: str = "the cluster did not get there",
    ) -> Any:
        """Ask again and again until the answer is as wanted; returns it.

        Raises:
            NotYetError: it was not within `seconds` (real ones); the text ends with the last answer.
        """
        deadline = time.monotonic() + seconds
        while not until(found := what()):
            if time.monotonic() > deadline:
                raise NotYetError(f"{means} within {seconds:g} s: {json.dumps(found, default=str)[:2000]}")
            time.sleep(_STEP_SECONDS)
        return found

    def watch(self, api_version: str, kind: str) -> Watch:
        """Changes of a kind in all namespaces, what is there already first."""
        path = self.path(api_version, kind)
        return Watch(lambda: self.request("GET", path), lambda: self._connect(3600.0), self._headers(), path)

    def namespaced(self, api_version: str, kind: str) -> bool:
        """Whether objects of a kind lie in namespaces.

        Raises:
            ApiError: status 404 when the server has no such kind.
        """
        return self._kind(api_version, kind)[1]

    # -- HTTP ---------------------------------------------------------------------------------------------

    def knows(self, api_version: str, kind: str) -> bool:
        """Whether the server lists the kind by now."""
        try:
            self._kind(api_version, kind)
        except ApiError:
            return False
        return True

    def path(self, api_version: str, kind: str, namespace: str = "", name: str = "") -> str:
        """The address of a kind, or of one object of it."""
        plural, namespaced = self._kind(api_version, kind)
        root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        inside = f"/namespaces/{quote(namespace)}" if namespaced and namespace else ""
        return f"{root}{inside}/{plural}{f'/{quote(name)}' if name else ''}"

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content: str = "",
    ) -> Object:
        """One request and its JSON answer.

        Raises:
            ApiError: the server refused.
            ClusterError: the server cannot be reached.
        """
        kept = {key: value for key, value in (query or {}).items() if value}
        target = f"{path}?{urlencode(kept)}" if kept else path
        data = None if body is None else json.dumps(body).encode()
        headers = {**self._headers(), "Content-Type": _CONTENT.get(content, "application/json")}
        status, raw = self._exchange(method, target, data, headers)
        if status >= http.client.BAD_REQUEST:
            raise refusal(status, raw)
        try:
            answer: Object = json.loads(raw)
        except ValueError:
            return {"text": raw.decode(errors="replace")}
        return answer

    def _exchange(self, method: str, target: str, data: bytes | None, headers: Object) -> tuple[int, bytes]:
        """Send over this thread's connection; a stale one is opened again once."""
        for attempt in (1, 2):
            connection: http.client.HTTPSConnection | None = getattr(self._local, "connection", None)
            fresh = connection is None
            try:
                if connection is None:
                    connection = self._local.connection = self._connect(_TIMEOUT_SECONDS)
                connection.request(method, target, data, headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if fresh or attempt == 2 or isinstance(error, TimeoutError):
                    raise ClusterError(f"the API server {self.url} does not answer ({error}).") from error
        raise AssertionError  # pragma: no cover

    def close(self) -> None:
        """Close this thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None

    def _connect(self, timeout: float) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(
            self._host, self._port, timeout=timeout, context=self._context
        )
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}

    def _collection(self, body: Object) -> str:
        return self.path(body["apiVersion"], body["kind"], body["metadata"].get("namespace", ""))

    def _kind(self, api_version: str, kind: str) -> tuple[str, bool]:
        if (api_version, kind) not in self._kinds:
            for resource in self._served(api_version):
                if "/" not in resource["name"]:
                    self._kinds[api_version, resource["kind"]] = (resource["name"], resource["namespaced"])
        try:
            return self._kinds[api_version, kind]
        except KeyError:
            text = f'no matches for kind "{kind}" in version "{api_version}"'
            raise ApiError(404, "NotFound", text) from None

    def _served(self, api_version: str) -> Iterable[Object]:
        """The resources of a group and version; none when the server does not know it."""
        root = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
        try:
            found: Iterable[Object] = self.request("GET", root)["resources"]
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return ()
            raise
        return found
