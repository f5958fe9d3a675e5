"""The dynamic provider of API keys: where it finds credentials and host, and what it does when Oracle does not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import oci
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pulumi.dynamic import ConfigureRequest
from pulumi.dynamic.config import Config

from anyport.targets.oci_generative_ai import api_key_provider
from anyport.targets.oci_generative_ai.api_key_client import connect, credentials, host_override
from anyport.targets.oci_generative_ai.api_key_provider import ApiKeyProvider

CLIENT = "oci_generative_ai.GenerativeAiClient"
INPUTS = {
    "compartment_id": "ocid1.compartment.oc1..a",
    "region": "us-chicago-1",
    "display_name": "chat",
    "freeform_tags": {"owner": "ai"},
    "rotation": "1",
}
SETTINGS = {
    "oci:tenancyOcid": "t",
    "oci:userOcid": "u",
    "oci:fingerprint": "f",
    "oci:privateKeyPath": "/k.pem",
}


def settings(**more: str) -> Config:
    return Config({**SETTINGS, **more}, "p")


class FakeClient:
    """Two secrets; renewal gives new values. `state` is what a read answers."""

    def __init__(self, state: str = "ACTIVE", renewed: str = "ACTIVE") -> None:
        self.calls: list[tuple[str, ...]] = []
        self.state, self.renewed, self.number = state, renewed, 0

    def answer(self, *valued: str, state: str = "ACTIVE") -> Any:
        self.number += 1
        items = [
            SimpleNamespace(
                key_name=slot,
                key=f"{slot}-{self.number}" if slot in valued else None,
                time_expiry=datetime(2027, 2, 1, tzinfo=UTC),
                state=state,
            )
            for slot in ("one", "two")
        ]
        data = SimpleNamespace(
            id="k", keys=items, lifecycle_state=self.state, display_name="chat", freeform_tags=None
        )
        return SimpleNamespace(data=data)

    def create_api_key(self, details: Any) -> Any:
        self.calls.append(("create", *(item.key_name for item in details.key_details)))
        return self.answer("one", "two")

    def get_api_key(self, identity: str) -> Any:
        return self.answer()

    def renew_api_key(self, identity: str, details: Any) -> Any:
        self.calls.append(("renew", details.details.key_name))
        return self.answer(details.details.key_name, state=self.renewed)

    def set_api_key_state(self, identity: str, details: Any) -> None:
        self.calls.append(("state", details.key_name, details.state))

    def update_api_key(self, identity: str, details: Any) -> None:
        self.calls.append(("update", details.display_name))

    def delete_api_key(self, identity: str) -> None:
        self.calls.append(("delete", identity))


def provider(monkeypatch: pytest.MonkeyPatch, client: Any) -> ApiKeyProvider:
    monkeypatch.setattr(api_key_provider, "connect", lambda region, config: client)
    made = ApiKeyProvider()
    made.configure(ConfigureRequest(settings()))
    return made


def value(outs: dict[str, Any] | None) -> str:
    return base64.b64decode((outs or {})["content"]).decode()


def test_the_two_secrets_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    keys = provider(monkeypatch, client)
    monkeypatch.setattr(oci, "wait_until", lambda *_rest, **_more: None)
    state = keys.create(INPUTS).outs
    assert (value(state), state and state["slot"]) == ("one-1", "one")
    for rotation, slot in (("2", "two"), ("3", "one"), ("4", "two")):
        state = keys.update("k", state or {}, {**INPUTS, "rotation": rotation}).outs
        assert (state or {})["slot"] == slot
        assert value(state).startswith(f"{slot}-")
    assert [call for call in client.calls if call[0] == "renew"] == [
        ("renew", "two"),
        ("renew", "one"),
        ("renew", "two"),
    ]


def test_another_name_renews_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient()
    olds = {**INPUTS, "content": "b25l", "slot": "one", "expires_on": ""}
    outs = provider(monkeypatch, client).update("k", olds, {**INPUTS, "display_name": "other"}).outs
    assert client.calls == [("update", "other")]
    assert outs == {**olds, "display_name": "other"}


def test_a_renewed_secret_that_is_switched_off_is_switched_on(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient(renewed="INACTIVE")
    provider(monkeypatch, client).update("k", {**INPUTS, "slot": "one"}, {**INPUTS, "rotation": "2"})
    assert client.calls[-1] == ("state", "two", "ACTIVE")


def test_a_key_that_never_gets_ready_is_taken_away_again(monkeypatch: pytest.MonkeyPatch) -> None:
    client = FakeClient(state="FAILED")
    keys = provider(monkeypatch, client)

    def never(*_rest: Any, **_more: Any) -> None:
        raise oci.exceptions.MaximumWaitTimeExceeded("waited too long")

    monkeypatch.setattr(oci, "wait_until", never)
    with pytest.raises(oci.exceptions.MaximumWaitTimeExceeded):
        keys.create(INPUTS)
    assert client.calls[-1] == ("delete", "k")


@pytest.mark.parametrize(("state", "there"), [("ACTIVE", True), ("DELETED", False), ("DELETING", False)])
def test_a_read_keeps_the_value_and_sees_what_is_gone(
    monkeypatch: pytest.MonkeyPatch, state: str, there: bool
) -> None:
    olds = {**INPUTS, "content": "b25l", "slot": "one", "expires_on": ""}
    found = provider(monkeypatch, FakeClient(state=state)).read("k", olds)
    assert bool(found.id) is there
    if there:
        assert (found.outs or {})["content"] == "b25l"
        assert (found.outs or {})["freeform_tags"] == {}


@pytest.mark.parametrize(("status", "gone"), [(404, True), (403, False)])
def test_only_not_found_is_gone(monkeypatch: pytest.MonkeyPatch, status: int, gone: bool) -> None:
    class Refusing(FakeClient):
        def get_api_key(self, identity: str) -> Any:
            raise oci.exceptions.ServiceError(status, "x", {}, "no")

        def delete_api_key(self, identity: str) -> None:
            raise oci.exceptions.ServiceError(status, "x", {}, "no")

    keys = provider(monkeypatch, Refusing())
    if gone:
        assert not keys.read("k", INPUTS).id
        keys.delete("k", INPUTS)
        return
    for ask in (keys.read, keys.delete):
        with pytest.raises(oci.exceptions.ServiceError):
            ask("k", INPUTS)


@pytest.mark.parametrize(
    ("change", "replaces"),
    [
        ({"rotation": "2"}, []),
        ({"display_name": "b"}, []),
        ({"freeform_tags": {}}, []),
        ({"region": "eu-frankfurt-1"}, ["region"]),
        ({"compartment_id": "ocid1.compartment.oc1..b"}, ["compartment_id"]),
    ],
)
def test_place_makes_another_key_and_the_rest_does_not(change: dict[str, Any], replaces: list[str]) -> None:
    found = ApiKeyProvider().diff("k", {**INPUTS, "content": "x"}, {**INPUTS, **change})
    assert (found.changes, found.replaces) == (True, replaces)
    assert ApiKeyProvider().diff("k", {**INPUTS, "content": "x"}, INPUTS).changes is False


def test_the_host_is_that_of_oracles_provider() -> None:
    here = f"{CLIENT}=http://127.0.0.1:81"
    assert host_override({}) == ""
    assert (
        host_override({"CLIENT_HOST_OVERRIDES": f"oci_identity.IdentityClient=http://x;{here}"})
        == "http://127.0.0.1:81"
    )
    assert host_override({"CLIENT_HOST_OVERRIDES": "oci_identity.IdentityClient=http://x"}) == ""
    both = {"CLIENT_HOST_OVERRIDES": here, "TF_VAR_CLIENT_HOST_OVERRIDES": f"{CLIENT}=http://127.0.0.1:82"}
    assert host_override(both) == "http://127.0.0.1:82"


def test_credentials_come_from_the_stack_then_the_environment_then_the_file(tmp_path: Path) -> None:
    expected = {"tenancy": "t", "user": "u", "fingerprint": "f", "key_file": "/k.pem"}
    assert credentials(settings(), {}) == (expected, {})
    names = {"tenancy_ocid": "t", "user_ocid": "u", "fingerprint": "f", "private_key_path": "/k.pem"}
    environ = {f"TF_VAR_{name}": text for name, text in names.items()}
    assert credentials(Config({}, "p"), environ) == (expected, {})
    key = tmp_path / "key.pem"
    key.write_text("x", "utf-8")
    key.chmod(0o600)
    file = tmp_path / "config"
    file.write_text(
        f"[TEAM]\nuser=ocid1.user.oc1..a\nfingerprint=f\ntenancy=t\nregion=us-phoenix-1\nkey_file={key}\n",
        "utf-8",
    )
    file.chmod(0o600)
    found, more = credentials(
        Config({"oci:configFileProfile": "TEAM"}, "p"), {"OCI_CLI_CONFIG_FILE": str(file)}
    )
    assert (found["user"], more) == ("ocid1.user.oc1..a", {})


def test_no_credentials_at_all_is_oracles_own_error(tmp_path: Path) -> None:
    with pytest.raises(oci.exceptions.ClientError):
        credentials(Config({}, "p"), {"OCI_CLI_CONFIG_FILE": str(tmp_path / "none")})


def test_a_client_goes_to_the_region_of_the_target(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for prefix in ("TF_VAR_", "OCI_", ""):
        monkeypatch.delenv(f"{prefix}CLIENT_HOST_OVERRIDES", raising=False)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = tmp_path / "key.pem"
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    pem.write_bytes(key.private_bytes(kind, form, serialization.NoEncryption()))
    made = {"oci:tenancyOcid": "ocid1.tenancy.oc1..a", "oci:userOcid": "ocid1.user.oc1..a"}
    print_of = {"oci:fingerprint": ":".join(["aa"] * 16), "oci:privateKeyPath": str(pem)}
    client = connect("eu-frankfurt-1", Config({**made, **print_of}, "p"))
    assert client.base_client.endpoint.startswith("https://generativeai.eu-frankfurt-1.")


def test_without_oracles_package_a_client_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "oci", None)
    with pytest.raises(RuntimeError, match=r"pip install 'anyport\[oci\]'"):
        connect("us-chicago-1", settings())
