"""The dynamic provider behind `ApiKey`: creates, renews and deletes through Oracle's own Python client.

The engine stores a pickle of the provider that holds only this class's place, so nothing here may move or keep state.
Sources (collected 2026-11-22): oci SDK 2.189.0 for calls and models; docs.oracle.com api-keys page. Guesses: a renewal
answers with the new secret as a creation does, and leaves the other secret of the key alone.
"""

from __future__ import annotations

import base64
from typing import Any

from pulumi.dynamic import (
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)

from .api_key_client import connect, sdk

__all__ = ["ApiKeyProvider"]

SLOTS = ("one", "two")
READY_SECONDS = 300
CHANGEABLE = ("display_name", "freeform_tags", "rotation")
FIXED = ("compartment_id", "region")


class ApiKeyProvider(ResourceProvider):
    """Inputs: `compartment_id`, `region`, `display_name`, `freeform_tags`, `rotation`."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Take the stack's `oci:…` settings."""
        self._config = req.config

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Compartment and region make another key; everything else changes in place."""
        changed = [key for key in (*FIXED, *CHANGEABLE) if _olds.get(key) != _news.get(key)]
        return DiffResult(bool(changed), replaces=[key for key in changed if key in FIXED])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make the key with both secrets; the first is used. A key that never gets ready is taken away again."""
        oci = sdk()
        client = connect(props["region"], self._config)
        models = oci.generative_ai.models
        made = client.create_api_key(
            models.CreateApiKeyDetails(
                display_name=props["display_name"],
                description="Made by Anyport",
                compartment_id=props["compartment_id"],
                key_details=[models.KeyDetails(key_name=slot) for slot in SLOTS],
                freeform_tags=props["freeform_tags"],
            )
        ).data
        try:
            oci.wait_until(
                client,
                client.get_api_key(made.id),
                "lifecycle_state",
                "ACTIVE",
                max_wait_seconds=READY_SECONDS,
            )
            outs = {**_inputs(props), **_secret(made, SLOTS[0])}
        except BaseException:
            client.delete_api_key(made.id)
            raise
        return CreateResult(made.id, outs)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Whether it is still there and as it was, save the values, which Oracle tells only once."""
        oci = sdk()
        try:
            found = connect(props["region"], self._config).get_api_key(id_).data
        except oci.exceptions.ServiceError as error:
            if error.status == 404:
                return ReadResult("", {})
            raise
        if found.lifecycle_state in ("DELETING", "DELETED"):
            return ReadResult("", {})
        seen = {"display_name": found.display_name, "freeform_tags": found.freeform_tags or {}}
        return ReadResult(id_, {**props, **seen})

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Rename; and for another `rotation` renew the secret that is not in use and turn to it."""
        oci = sdk()
        client, models = connect(_news["region"], self._config), oci.generative_ai.models
        if any(_olds.get(key) != _news[key] for key in ("display_name", "freeform_tags")):
            details = models.UpdateApiKeyDetails(
                display_name=_news["display_name"], freeform_tags=_news["freeform_tags"]
            )
            client.update_api_key(_id, details)
        kept = {key: _olds.get(key) for key in ("content", "slot", "expires_on")}
        if _olds.get("rotation") != _news["rotation"]:
            slot = SLOTS[1] if _olds.get("slot") == SLOTS[0] else SLOTS[0]
            renewal = models.RenewApiKeyDetails(details=models.KeyDetails(key_name=slot))
            renewed = client.renew_api_key(_id, renewal).data
            kept = _secret(renewed, slot)
            if _item(renewed, slot).state != "ACTIVE":
                client.set_api_key_state(_id, models.SetApiKeyStateDetails(key_name=slot, state="ACTIVE"))
        return UpdateResult({**_inputs(_news), **kept})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete it; what is gone already counts."""
        oci = sdk()
        try:
            connect(_props["region"], self._config).delete_api_key(_id)
        except oci.exceptions.ServiceError as error:
            if error.status != 404:
                raise


def _inputs(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in (*FIXED, *CHANGEABLE)}


def _item(key: Any, slot: str) -> Any:
    return next(item for item in key.keys if item.key_name == slot)


def _secret(key: Any, slot: str) -> dict[str, Any]:
    """The outputs about the secret in use."""
    item = _item(key, slot)
    if not item.key:
        raise RuntimeError(f"Oracle's answer does not hold the value of secret {slot}")
    expires = item.time_expiry.isoformat() if item.time_expiry else ""
    content = base64.b64encode(item.key.encode()).decode()
    return {"content": content, "slot": slot, "expires_on": expires}
