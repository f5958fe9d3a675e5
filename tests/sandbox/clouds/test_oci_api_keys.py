"""The simulated REST interface for API keys, asked by Oracle's own client over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oci
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from anyport_sandbox.clouds.oci_api_keys import API_KEY, ApiKeys, loopback_port, serve
from anyport_sandbox.clouds.state import State

from .conftest import FakeClock
from .test_oci import PLACE, POLICY

COMPARTMENT = PLACE["compartmentId"]
GRANT = {
    **PLACE,
    "name": "keys",
    "description": "d",
    "statements": [
        (
            f"allow any-user to use generative-ai-family in compartment id {COMPARTMENT} where ALL "
            "{request.principal.type='generativeaiapikey'}"
        )
    ],
}


@pytest.fixture(scope="module")
def pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    kind, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(kind, form, serialization.NoEncryption()).decode()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def address(tmp_path: Path, clock: FakeClock) -> Iterator[str]:
    server = serve(ApiKeys(State(tmp_path / "state", "oci"), clock), 0)
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(address: str, pem: str) -> Any:
    config = {
        "tenancy": "ocid1.tenancy.oc1..a",
        "user": "ocid1.user.oc1..a",
        "fingerprint": ":".join(["aa"] * 16),
        "key_content": pem,
        "region": "us-chicago-1",
    }
    strategy = oci.retry.NoneRetryStrategy()
    return oci.generative_ai.GenerativeAiClient(config, service_endpoint=address, retry_strategy=strategy)


def details(*slots: str) -> Any:
    models = oci.generative_ai.models
    return models.CreateApiKeyDetails(
        display_name="chat",
        compartment_id=COMPARTMENT,
        key_details=[models.KeyDetails(key_name=s) for s in slots],
    )


def call(address: str, value: str) -> int:
    headers = {"authorization": f"Bearer {value}"}
    try:
        request = urllib.request.Request(f"{address}/openai/v1/chat/completions", b"{}", headers)
        with urllib.request.urlopen(request) as answer:  # our own server
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_a_key_made_before_its_policy_is_refused_for_good(client: Any, address: str, sim: Any) -> None:
    early = client.create_api_key(details("one")).data.keys[0].key
    sim("oci", region="us-ashburn-1").create(POLICY, "p", GRANT)
    late = client.create_api_key(details("one")).data.keys[0].key
    assert (call(address, early), call(address, late)) == (401, 200)


def test_values_are_told_once_and_kept_nowhere(client: Any, tmp_path: Path) -> None:
    made = client.create_api_key(details("one", "two")).data
    assert made.lifecycle_state == "ACTIVE"
    assert all(item.key.startswith("sk-") for item in made.keys)
    read = client.get_api_key(made.id).data
    assert [item.key for item in read.keys] == [None, None]
    text = (tmp_path / "state" / "oci.json").read_text("utf-8")
    assert not any(item.key in text for item in made.keys)


def test_a_renewal_changes_one_secret_and_leaves_the_other(client: Any, address: str, sim: Any) -> None:
    sim("oci", region="us-ashburn-1").create(POLICY, "p", GRANT)
    models = oci.generative_ai.models
    made = client.create_api_key(details("one", "two")).data
    one, two = (item.key for item in made.keys)
    renewal = models.RenewApiKeyDetails(details=models.KeyDetails(key_name="two"))
    renewed = client.renew_api_key(made.id, renewal).data
    assert [bool(item.key) for item in renewed.keys] == [False, True]
    assert [call(address, value) for value in (one, two, renewed.keys[1].key)] == [200, 401, 200]
    client.set_api_key_state(made.id, models.SetApiKeyStateDetails(key_name="one", state="INACTIVE"))
    assert call(address, one) == 401


def test_a_secret_expires_after_ninety_days(client: Any, address: str, sim: Any, clock: FakeClock) -> None:
    sim("oci", region="us-ashburn-1").create(POLICY, "p", GRANT)
    value = client.create_api_key(details("one")).data.keys[0].key
    clock.pass_hours(89 * 24)
    assert call(address, value) == 200
    clock.pass_hours(2 * 24)
    assert call(address, value) == 401


def test_update_and_delete(client: Any, address: str) -> None:
    made = client.create_api_key(details("one")).data
    other = oci.generative_ai.models.UpdateApiKeyDetails(display_name="b", freeform_tags={"a": "b"})
    assert client.update_api_key(made.id, other).data.display_name == "b"
    client.delete_api_key(made.id)
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        client.get_api_key(made.id)
    assert (caught.value.status, caught.value.code) == (404, "NotAuthorizedOrNotFound")
    assert call(address, made.keys[0].key) == 401


@pytest.mark.parametrize("slots", [(), ("one", "one"), ("one", "two", "three")])
def test_wrong_secrets_are_refused(client: Any, slots: tuple[str, ...]) -> None:
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        client.create_api_key(details(*slots))
    assert (caught.value.status, caught.value.code) == (400, "InvalidParameter")


@pytest.mark.parametrize(
    ("path", "headers", "body", "status"),
    [
        ("/20231130/apikeys", {}, b"{}", 401),
        ("/20231130/apikeys", {"authorization": "Signature x"}, b"{", 400),
        ("/20231130/apikeys", {"authorization": "Signature x"}, b"[]", 400),
        ("/20231130/somethingElse", {"authorization": "Signature x"}, b"{}", 404),
        ("/20231130/apikeys/x/actions/renew", {"authorization": "Signature x"}, b"{}", 404),
    ],
)
def test_garbage_gets_an_answer(
    address: str, path: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(address + path, body, headers))
    with caught.value as error:
        assert (error.code, "message" in json.loads(error.read())) == (status, True)


@pytest.mark.parametrize(("message", "status"), [("429 TooManyRequests", 429), ("out of order", 500)])
def test_faults_reach_the_keys(
    client: Any, monkeypatch: pytest.MonkeyPatch, message: str, status: int
) -> None:
    fault = {"cloud": "oci", "type": API_KEY, "operation": "create", "times": 1, "message": message}
    monkeypatch.setenv("ANYPORT_SANDBOX_FAULTS", json.dumps([fault]))
    with pytest.raises(oci.exceptions.ServiceError) as caught:
        client.create_api_key(details("one"))
    assert caught.value.status == status
    assert client.create_api_key(details("one")).data.id


def test_the_port_is_taken_from_the_variable_of_oracles_provider() -> None:
    name = "oci_generative_ai.GenerativeAiClient"
    assert loopback_port({}) is None
    assert (
        loopback_port({"CLIENT_HOST_OVERRIDES": f"a.B=http://127.0.0.1:1;{name}=http://127.0.0.1:8123"})
        == 8123
    )
    assert loopback_port({"TF_VAR_CLIENT_HOST_OVERRIDES": f"{name}=http://localhost:9"}) == 9
    assert loopback_port({"CLIENT_HOST_OVERRIDES": f"{name}=https://generativeai.example.com"}) is None
