"""The stand-in `kubernetes` provider in front of a real API server: applies, waits, reads and deletes there.

Source: pulumi-kubernetes 4.34 (collected 2026-11-22): server-side apply; a preview asks the server with a dry run and
falls back to an echo where a value, the namespace or the kind is not there yet; a create refuses what exists unless
`upsertExistingObjects`; a field that another manager holds is a conflict unless `pulumi.com/patchForce`; a delete
waits, in the foreground unless `pulumi.com/deletionPropagationPolicy` says otherwise.
Deliberately different: which cluster is asked does not depend on the provider's kubeconfig: one control plane plays the
clusters of all zones. A namespace made under a `clusterIdentifier` that is a CoreWeave zone or region keeps its pods
on the machines of that place. Guesses: the field manager has one name for all programs; a preview cannot tell a
replacement from a second object of the same name, so it lets both pass. Not simulated: Helm, YAML and Kustomize
resources, renderYamlToDirectory.
"""

from __future__ import annotations

import base64
import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from anyport_sandbox.kubernetes.api import Api, Object
from anyport_sandbox.kubernetes.errors import ApiError, ClusterError

from .behaviour import Env, Inputs, Resource, at, known
from .errors import CloudError
from .kubernetes import PACKAGE, AnyObject
from .kubernetes_await import SKIP, NotLiveError, Waiter
from .operations import Cloud
from .wire import SIGNATURE, UNKNOWN, merge, plain, seal, sealed

__all__ = ["MANAGER", "NODE_SELECTOR", "RealCloud", "UnfinishedError"]

MANAGER = "pulumi-kubernetes"
NODE_SELECTOR = "scheduler.alpha.kubernetes.io/node-selector"
"""Kubernetes' own annotation: pods of the namespace get this node selector."""
_FORCE = "pulumi.com/patchForce"
_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
_PLACE = re.compile(r"^[A-Z]+[A-Z0-9-]*\d[A-Z]?$")
_ZONE = re.compile(r"^[A-Z]+-[A-Z]+-\d+[A-Z]$")
_SERVERS_OWN = ("managedFields", "uid", "resourceVersion", "creationTimestamp", "generation", "selfLink")


class UnfinishedError(CloudError):
    """An object is there and not live: the engine keeps it in its state and tries again next time.

    Attributes:
        identity, outputs, inputs: what the engine keeps.
        reasons: a sentence each.
    """

    def __init__(self, identity: str, outputs: Inputs, inputs: Inputs, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.identity, self.outputs, self.inputs, self.reasons = identity, outputs, inputs, reasons


class RealCloud(Cloud):
    """Operations on one control plane. Checks and diffs are those of the simulated clusters."""

    def __init__(self, env: Env, api: Api, waiter: Waiter) -> None:
        super().__init__(PACKAGE, env)
        self._api, self._waiter = api, waiter

    # -- previews -----------------------------------------------------------------------------------------

    def preview_create(self, res: Resource, inputs: Inputs) -> Inputs:
        """What the server says to a dry run, if it can say anything yet."""
        with self._told(res.name, "created"):
            body = self._known_body(res, inputs)
            if body is not None and self._find(body) is None:
                self._dry_run(res, body)
        return super().preview_create(res, inputs)

    def preview_update(self, res: Resource, identity: str, inputs: Inputs, olds: Inputs) -> Inputs:
        """Likewise for a change."""
        with self._told(identity, "updated"):
            body = self._known_body(res, inputs)
            if body is not None:
                self._dry_run(res, body)
        return super().preview_update(res, identity, inputs, olds)

    def _known_body(self, res: Resource, inputs: Inputs) -> Object | None:
        """The object, or None when its values or its kind are not there yet, or no server is."""
        opened = plain(inputs)
        if _has_unknown(opened) or not at(opened, "metadata.name"):
            return None
        try:
            return self._body(res, opened)
        except ClusterError:
            return None
        except ApiError as error:
            if error.status == http.client.NOT_FOUND:
                return None
            raise

    def _dry_run(self, res: Resource, body: Object) -> None:
        try:
            self._api.apply(body, dry_run=True, force=self._forced(res, body), manager=MANAGER)
        except ApiError as error:
            # The namespace comes in the same update.
            if error.status != http.client.NOT_FOUND:
                raise

    # -- operations ---------------------------------------------------------------------------------------

    def create(self, res: Resource, inputs: Inputs, seconds: float = 0.0) -> tuple[str, Inputs]:
        """Apply what is not there, and wait until it is live.

        Args:
            res: who.
            inputs: wire values.
            seconds: `customTimeouts.create`, 0 for the default.

        Raises:
            UnfinishedError: it is there and not live.
            CloudError: the server refused.
        """
        opened = plain(inputs)
        name = str(at(opened, "metadata.name", res.name))
        self._inject(res, name, "create")
        with self._told(name, "created"):
            body = self._body(res, opened)
            if not body["metadata"].get("name"):
                live = self._api.create(body)
            elif self._keeps_others(res) and self._find(body) is not None:
                raise CloudError(AnyObject.exists.format(id=_identity(body)))
            else:
                live = self._api.apply(body, force=self._forced(res, body), manager=MANAGER)
            return _identity(live), self._finish(live, inputs, seconds, "created")

    def update(self, res: Resource, identity: str, inputs: Inputs, seconds: float = 0.0) -> Inputs:
        """Apply the change and wait; arguments and errors as for `create`."""
        self._inject(res, identity, "update")
        with self._told(identity, "updated"):
            body = self._body(res, plain(inputs))
            body["metadata"]["name"] = identity.rpartition("/")[2]
            live = self._api.apply(body, force=self._forced(res, body), manager=MANAGER)
            return self._finish(live, inputs, seconds, "updated")

    def read(self, res: Resource, identity: str, outputs: Inputs, inputs: Inputs) -> dict[str, Any] | None:
        """What is there now; of the inputs, those fields that the program sets."""
        self._inject(res, identity, "read")
        with self._told(identity, "read"):
            known_inputs = plain(inputs) or plain(outputs)
            space, _, name = identity.rpartition("/")
            metadata = {"name": name, **({"namespace": space} if space else {})}
            given = {key: known_inputs[key] for key in ("apiVersion", "kind") if key in known_inputs}
            live = self._find(self._body(res, {**given, "metadata": metadata}))
        if live is None:
            return None
        if not inputs:
            return {"inputs": _imported(live), "outputs": _shown({}, live)}
        return {"inputs": _observed(inputs, _with_string_data(live)), "outputs": _shown(inputs, live)}

    def delete(self, res: Resource, identity: str, inputs: Inputs, seconds: float = 0.0) -> None:
        """Delete it and wait until it is gone."""
        self._inject(res, identity, "delete")
        if res.kind.endswith("Patch"):
            return
        with self._told(identity, "deleted"):
            opened = plain(inputs)
            space, _, name = identity.rpartition("/")
            metadata = {"name": name, **({"namespace": space} if space else {})}
            given = {key: opened[key] for key in ("apiVersion", "kind") if key in opened}
            live = self._find(self._body(res, {**given, "metadata": metadata}))
            if live is None:
                return
            notes = live["metadata"].get("annotations") or {}
            policy = str(notes.get(_PROPAGATION, "foreground")).capitalize()
            self._api.delete(
                live["apiVersion"], live["kind"], name, space, uid=live["metadata"]["uid"], propagation=policy
            )
            if notes.get(SKIP) != "true" and not self._waiter.until_gone(live, seconds):
                raise CloudError(f"timed out waiting for object {identity} to be deleted")

    # -- helpers ------------------------------------------------------------------------------------------

    def _finish(self, live: Object, inputs: Inputs, seconds: float, done: str) -> Inputs:
        try:
            return _shown(inputs, self._waiter.until_live(live, _identity(live), seconds, done))
        except NotLiveError as error:
            outputs = _shown(inputs, error.live)
            raise UnfinishedError(_identity(live), outputs, inputs, error.reasons) from None

    def _body(self, res: Resource, opened: Inputs) -> Object:
        """The object to send, with its namespace."""
        _, group, kind = res.type.split(":")
        if group.startswith(("helm", "yaml", "kustomize")):
            raise CloudError(f"The sandbox does not simulate {res.type}.")
        defaults = {"apiVersion": group.removeprefix("core/"), "kind": kind.removesuffix("Patch")}
        sent = {key: value for key, value in opened.items() if not key.startswith("__") and key != "status"}
        body = {**defaults, **sent, "metadata": dict(opened.get("metadata") or {})}
        if self._api.namespaced(body["apiVersion"], body["kind"]):
            space = self.env.config.get("namespace") or "default"
            body["metadata"]["namespace"] = body["metadata"].get("namespace") or space
        elif body["kind"] == "Namespace" and (selector := _node_selector(self.env.config)):
            notes = body["metadata"].get("annotations") or {}
            body["metadata"]["annotations"] = {NODE_SELECTOR: selector, **notes}
        return body

    def _find(self, body: Object) -> Object | None:
        meta = body["metadata"]
        return self._api.find(body["apiVersion"], body["kind"], meta["name"], meta.get("namespace", ""))

    def _keeps_others(self, res: Resource) -> bool:
        """Whether an object that is there already is somebody else's."""
        return not res.kind.endswith("Patch") and not _is_set(self.env.config, "upsertExistingObjects")

    def _forced(self, res: Resource, body: Object) -> bool:
        notes = body["metadata"].get("annotations") or {}
        return (
            res.kind.endswith("Patch")
            or notes.get(_FORCE) == "true"
            or _is_set(self.env.config, "enablePatchForce")
        )

    @contextmanager
    def _told(self, identity: str, done: str) -> Iterator[None]:
        """The server's refusals as the provider tells them."""
        try:
            yield
        except ApiError as error:
            hint = (
                f' To take the fields over, set the annotation {_FORCE}: "true".'
                if "conflict" in error.message
                else ""
            )
            raise CloudError(
                f'resource "{identity}" was not successfully {done} by the Kubernetes API server: {error.message}{hint}'
            ) from error
        except ClusterError as error:
            raise CloudError(f"configured Kubernetes cluster is unreachable: {error}") from error


def _is_set(config: Inputs, key: str) -> bool:
    return str(config.get(key, "")).lower() == "true"


def _node_selector(config: Inputs) -> str:
    """Where the pods of a cluster may run, by the provider's `clusterIdentifier`; empty for anywhere."""
    place = str(config.get("clusterIdentifier") or "")
    if not _PLACE.match(place):
        return ""
    return f"topology.kubernetes.io/{'zone' if _ZONE.match(place) else 'region'}={place}"


def _identity(body: Object) -> str:
    meta = body["metadata"]
    return f"{meta['namespace']}/{meta['name']}" if meta.get("namespace") else str(meta["name"])


def _has_unknown(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_unknown(each) for each in value.values())
    if isinstance(value, list):
        return any(_has_unknown(each) for each in value)
    return bool(value == UNKNOWN)


def _shown(inputs: Inputs, live: Object) -> Inputs:
    """The outputs: what is there, laid over the inputs; what came in as a secret stays one, and so does a Secret."""
    metadata = {key: value for key, value in live["metadata"].items() if key != "managedFields"}
    shown = {**live, "metadata": metadata}
    if live["kind"] == "Secret" and "data" in shown:
        shown["data"] = seal(shown["data"])
    return {key: value for key, value in dict(_laid(inputs, shown)).items() if not key.startswith("__")}


def _laid(base: Any, live: Any) -> Any:
    """As `merge`; a list that holds a secret becomes one, since its items cannot be told apart."""
    if isinstance(base, dict) and isinstance(live, dict) and SIGNATURE not in base and SIGNATURE not in live:
        return {
            **base,
            **{key: _laid(base[key], each) if key in base else each for key, each in live.items()},
        }
    if isinstance(base, list) and isinstance(live, list):
        return seal(live) if _has_secret(base) else live
    return merge(base, live)


def _has_secret(value: Any) -> bool:
    if sealed(value):
        return True
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_has_secret(each) for each in inside)


def _with_string_data(live: Object) -> Object:
    """A Secret with its values also in clear text, as programs write them."""
    if live["kind"] != "Secret":
        return live
    texts = {}
    for key, value in (live.get("data") or {}).items():
        texts[key] = base64.b64decode(value).decode("utf-8", errors="replace")
    return {**live, "stringData": texts}


def _observed(old: Any, live: Any) -> Any:
    """The inputs with what is there now. A field the server leaves out because it is empty counts as unchanged."""
    if sealed(old):
        return {**old, "value": _observed(old.get("value"), live)}
    if isinstance(old, dict) and isinstance(live, dict) and SIGNATURE not in old:
        return {
            key: _observed(value, live[key]) if key in live else value
            for key, value in old.items()
            if key in live or not plain(value) or key.startswith("__")
        }
    if isinstance(old, list) and isinstance(live, list) and len(old) == len(live):
        return [_observed(*pair) for pair in zip(old, live, strict=True)]
    return old if str(old) == str(live) else live


def _imported(live: Object) -> Inputs:
    """Inputs for what no program has written yet."""
    metadata = {key: value for key, value in live["metadata"].items() if key not in _SERVERS_OWN}
    found = {**{key: value for key, value in live.items() if key != "status"}, "metadata": metadata}
    if live["kind"] == "Secret" and known(found.get("data")):
        found["data"] = seal(found["data"])
    return found
