"""Simulated REST interface for Generative AI API keys, and the answer that a call with such a key gets.

Pulumi has no resource for them, so callers use Oracle's Python client. It finds this server through
`CLIENT_HOST_OVERRIDES`, the variable that Oracle's own Terraform provider honours: when it names a loopback port for
`oci_generative_ai.GenerativeAiClient`, the stand-in plugin serves there. Several plugin processes share the port and
the state, so whichever answers gives the same answer.
Sources (collected 2026-11-22): oci SDK 2.189.0 for paths, models and states; vercel/ai#21153 and pydantic-ai#1385: a key
made before a policy that lets it call stays 401 for good.
Guesses: a renewal answers with the new secret; two secrets at most; signatures are not checked, only asked for.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .behaviour import digest
from .clock import Clock
from .errors import CloudError
from .faults import inject
from .oci_services import POLICY
from .state import Records, State

__all__ = ["API_KEY", "ApiKeys", "loopback_port", "serve"]

API_KEY = "oci:GenerativeAi/apikey:Apikey"
_CLIENT = "oci_generative_ai.GenerativeAiClient"
_DAYS = 90
_BASE = "/20231130/apikeys"
_SLOTS = 2
_STATES = ("ACTIVE", "INACTIVE")


class ApiKeys:
    """Keys in the state of the simulated cloud. Values are kept as hashes only."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.state, self.clock = state, clock

    def create(self, details: Mapping[str, Any]) -> dict[str, Any]:
        """Make a key with one or two secrets.

        Raises:
            CloudError: 400 for what is missing, or a fault.
        """
        name, compartment = str(details.get("displayName", "")), str(details.get("compartmentId", ""))
        slots = [str(item.get("keyName", "")) for item in details.get("keyDetails") or []]
        if not compartment.startswith(("ocid1.compartment.", "ocid1.tenancy.")) or not name:
            raise _bad("compartmentId and displayName are needed")
        if not 1 <= len(slots) <= _SLOTS or not all(slots) or len(set(slots)) != len(slots):
            raise _bad("keyDetails takes one or two key names")
        self._inject("create", name)
        with self.state.transaction() as records:
            number = records.serial(f"apikey:{compartment}:{name}")
            identity = f"ocid1.generativeaiapikey.oc1..{digest(compartment, name, str(number))[:60]}"
            outputs: dict[str, Any] = {
                "id": identity,
                "displayName": name,
                "compartmentId": compartment,
                "lifecycleState": "ACTIVE",
                "freeformTags": dict(details.get("freeformTags") or {}),
                "timeCreated": self._now(),
                "admitted": _admitted(records, compartment),
                "keys": [],
            }
            values = {slot: self._secret(records, outputs, slot) for slot in slots}
            record = {"type": API_KEY, "id": identity, "urn": "", "inputs": {}, "outputs": outputs}
            records.resources[f"{API_KEY}||{identity}"] = record
            return _shown(outputs, values)

    def read(self, identity: str) -> dict[str, Any]:
        """A key without its values. Raises CloudError 404."""
        self._inject("read", identity)
        with self.state.transaction() as records:
            return _shown(_find(records, identity)["outputs"], {})

    def update(self, identity: str, details: Mapping[str, Any]) -> dict[str, Any]:
        """Other name and tags."""
        self._inject("update", identity)
        with self.state.transaction() as records:
            outputs = _find(records, identity)["outputs"]
            outputs |= {key: details[key] for key in ("displayName", "freeformTags") if key in details}
            return _shown(outputs, {})

    def renew(self, identity: str, details: Mapping[str, Any]) -> dict[str, Any]:
        """Another value for one of the key's secrets; the other one stays as it is."""
        self._inject("update", identity)
        slot = str((details.get("details") or {}).get("keyName", ""))
        with self.state.transaction() as records:
            outputs = _find(records, identity)["outputs"]
            _item(outputs, slot)
            return _shown(outputs, {slot: self._secret(records, outputs, slot)})

    def set_state(self, identity: str, details: Mapping[str, Any]) -> dict[str, Any]:
        """Switch one secret on or off."""
        self._inject("update", identity)
        if details.get("state") not in _STATES:
            raise _bad(f"state takes {' or '.join(_STATES)}")
        with self.state.transaction() as records:
            outputs = _find(records, identity)["outputs"]
            _item(outputs, str(details.get("keyName")))["state"] = details["state"]
            return _shown(outputs, {})

    def delete(self, identity: str) -> None:
        """Remove it. Raises CloudError 404."""
        self._inject("delete", identity)
        with self.state.transaction() as records:
            _find(records, identity)
            del records.resources[f"{API_KEY}||{identity}"]

    def status_of_call(self, value: str) -> int:
        """200 or 401: what a call of the data plane with this value gets."""
        with self.state.transaction() as records:
            for record in records.of_type(API_KEY):
                for item in record["outputs"]["keys"]:
                    if item["hash"] == _hash(value):
                        good = item["state"] == "ACTIVE" and item["timeExpiry"] > self._now()
                        return 200 if good and record["outputs"]["admitted"] else 401
        return 401

    def _secret(self, records: Records, outputs: dict[str, Any], slot: str) -> str:
        """A new value for a slot; the slot is added, or has its old value replaced."""
        value = f"sk-{digest(outputs['id'], slot, str(records.serial(outputs['id'] + slot)))[:48]}"
        expiry = (self.clock.now() + timedelta(days=_DAYS)).isoformat()
        kept = [item for item in outputs["keys"] if item["keyName"] != slot]
        made = {
            "keyName": slot,
            "keyMask": f"{value[:5]}****",
            "hash": _hash(value),
            "state": "ACTIVE",
            "timeCreated": self._now(),
            "timeExpiry": expiry,
        }
        outputs["keys"] = sorted([*kept, made], key=lambda item: str(item["keyName"]))
        return value

    def _now(self) -> str:
        return self.clock.now().isoformat()

    def _inject(self, operation: str, name: str) -> None:
        inject(self.state, self.clock, "oci", API_KEY, (name,), operation)


def _admitted(records: Records, compartment: str) -> bool:
    """Whether a policy lets API keys of the compartment call, at this moment."""
    return any(
        "generativeaiapikey" in str(text) and compartment in str(text)
        for policy in records.of_type(POLICY)
        for text in policy["inputs"].get("statements") or []
    )


def _find(records: Records, identity: str) -> dict[str, Any]:
    found = records.resources.get(f"{API_KEY}||{identity}")
    if found is None:
        raise CloudError(f"API key {identity} is not there.", code="NotAuthorizedOrNotFound", status=404)
    return found


def _item(outputs: dict[str, Any], slot: str) -> dict[str, Any]:
    for item in outputs["keys"]:
        if item["keyName"] == slot:
            found: dict[str, Any] = item
            return found
    raise _bad(f"the key has no secret named '{slot}'")


def _shown(outputs: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """What the client gets: values only where they are new."""
    items = [
        {key: item[key] for key in item if key != "hash"}
        | ({"key": values[item["keyName"]]} if item["keyName"] in values else {})
        for item in outputs["keys"]
    ]
    return {key: value for key, value in outputs.items() if key != "admitted"} | {"keys": items}


def _bad(message: str) -> CloudError:
    return CloudError(message, code="InvalidParameter", status=400)


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def _status_in(message: str) -> int:
    """The status that a fault's message begins with, such as `429 TooManyRequests`, else 500."""
    match = re.match(r"([45]\d\d)\b", message)
    return int(match[1]) if match else 500


def loopback_port(environ: Mapping[str, str]) -> int | None:
    """The port that `CLIENT_HOST_OVERRIDES` gives the Generative AI client, when it is on this machine."""
    for prefix in ("TF_VAR_", "OCI_", ""):
        for entry in environ.get(f"{prefix}CLIENT_HOST_OVERRIDES", "").split(";"):
            client, _, address = entry.partition("=")
            parts = urlsplit(address)
            if client == _CLIENT and parts.hostname in ("127.0.0.1", "localhost"):
                return parts.port
    return None


def serve(keys: ApiKeys, port: int) -> ThreadingHTTPServer:
    """Answer on a loopback port until the process ends; 0 picks a free one."""

    class Handler(_Handler):
        store = keys

    server = _Server(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_port = True


class _Handler(BaseHTTPRequestHandler):
    store: ApiKeys
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Standard output belongs to the engine."""

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def _answer(self, method: str) -> None:
        try:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            status, answer = self._route(method, body if isinstance(body, dict) else {})
        except CloudError as error:
            status = error.status or _status_in(str(error))
            answer = {"code": error.code or "InternalError", "message": str(error)}
        except ValueError:
            status, answer = 400, {"code": "InvalidParameter", "message": "the body is not JSON"}
        text = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _route(self, method: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        path, authorization = urlsplit(self.path).path, self.headers.get("authorization", "")
        if path.startswith("/openai/v1/"):
            status = self.store.status_of_call(authorization.removeprefix("Bearer "))
            return status, {} if status == 200 else {"code": "NotAuthenticated", "message": "no such key"}
        if not authorization.startswith("Signature "):
            raise CloudError("The request is not signed.", code="NotAuthenticated", status=401)
        match = re.fullmatch(rf"{_BASE}(?:/([^/]+))?(?:/actions/(renew|setstate))?", path)
        if match is None:
            raise CloudError(f"{path} is not simulated.", code="NotFound", status=404)
        identity, action = match[1] or "", match[2] or ""
        match method, bool(identity), action:
            case "POST", False, "":
                return 200, self.store.create(body)
            case "GET", True, "":
                return 200, self.store.read(identity)
            case "PUT", True, "":
                return 200, self.store.update(identity, body)
            case "POST", True, "renew":
                return 200, self.store.renew(identity, body)
            case "POST", True, "setstate":
                return 200, self.store.set_state(identity, body)
            case "DELETE", True, "":
                self.store.delete(identity)
                return 204, {}
        raise CloudError(f"{method} {path} is not simulated.", code="NotFound", status=404)
