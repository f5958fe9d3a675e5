"""What each cloud does that the others do not, seen through the official client."""

from __future__ import annotations

from pathlib import Path

import openai
import pytest

from anyport_sandbox.servers.clock import StateClock
from anyport_sandbox.servers.errors import RouteError
from anyport_sandbox.servers.routes import Route, load_routes, save_routes

from .conftest import BASES, ENDPOINT, MODELS, PROFILE, Client

HELLO = [{"role": "user", "content": "say hello"}]
AZURE = "https://ap-chat-azure-east-1a2b3c"
OCI = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com"
TOOL = [{"type": "function", "function": {"name": "now"}}]


def ask(client: openai.OpenAI, model: str) -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(model=model, messages=HELLO)


def headers(client: openai.OpenAI, model: str) -> dict[str, str]:
    raw = client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
    return dict(raw.headers)


def test_an_azure_account_has_two_hosts(odd: Client) -> None:
    base = f"{AZURE}.services.ai.azure.com/openai/v1/"
    assert ask(odd("azure", base=base), MODELS["azure"]) == ask(odd("azure"), MODELS["azure"])


def test_the_dated_form_takes_the_deployment_from_the_path(odd: Client) -> None:
    http = odd("azure")._client
    path = f"{AZURE}.openai.azure.com/openai/deployments/{{}}/chat/completions"
    token = {"authorization": "Bearer entra-token"}

    def post(deployment: str, version: str) -> int:
        call = http.post(path.format(deployment) + version, json={"messages": HELLO}, headers=token)
        return int(call.status_code)

    assert post("gpt-oss-120b", "?api-version=2024-10-21") == 200
    assert post("gpt-oss-120b", "?api-version=2025-04-01-preview") == 200
    for deployment, version in (
        ("gpt-oss-120b", ""),
        ("gpt-oss-120b", "?api-version=2023-03-15-preview"),
        ("no-such", "?api-version=2024-10-21"),
    ):
        assert post(deployment, version) == 404
    dated = f"{AZURE}.openai.azure.com/openai/deployments/gpt-oss-120b/responses?api-version=2024-10-21"
    assert http.post(dated, json={"input": "a"}, headers=token).status_code == 404


@pytest.mark.parametrize("path", ["/20231130/actions/v1", "/20231130/openai/v1"])
def test_older_oci_spellings(odd: Client, path: str) -> None:
    assert ask(odd("oci", base=OCI + path), MODELS["oci"]) == ask(odd("oci"), MODELS["oci"])


def test_an_oci_dedicated_endpoint_has_a_path_of_its_own(odd: Client) -> None:
    text = ask(odd("oci", base=f"{OCI}/{ENDPOINT}/v1"), "anything").choices[0].message.content or ""
    assert "target dedicated" in text
    assert "target dedicated" in (ask(odd("oci"), ENDPOINT).choices[0].message.content or "")
    with pytest.raises(openai.NotFoundError):
        ask(odd("oci", base=f"{OCI}/{ENDPOINT}x/v1"), "anything")


def test_vertex_answers_under_both_versions(odd: Client) -> None:
    beta = BASES["vertex"].replace("/v1/", "/v1beta1/")
    assert ask(odd("vertex", base=beta), MODELS["vertex"]) == ask(odd("vertex"), MODELS["vertex"])
    with pytest.raises(openai.NotFoundError):
        ask(odd("vertex", base=beta.replace("us-central1/e", "us-east1/e")), MODELS["vertex"])


def test_a_google_token_dies_after_an_hour(odd: Client, odd_state: Path) -> None:
    vertex = odd("vertex", key="ya29.old")
    ask(vertex, "google/aging")
    StateClock(odd_state).advance(3601)
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(vertex, "google/aging")
    assert caught.value.response.json()[0]["error"]["status"] == "UNAUTHENTICATED"
    assert 'error="invalid_token"' in caught.value.response.headers["www-authenticate"]
    ask(odd("vertex"), MODELS["vertex"])


def test_oci_keys(odd: Client) -> None:
    with pytest.raises(openai.AuthenticationError):
        ask(odd("oci", key="sk-early"), "early")
    signed = {"Authorization": 'Signature version="1"', "opc-compartment-id": "ocid1.compartment.oc1..a"}
    with pytest.raises(openai.AuthenticationError, match="Signed calls are not simulated"):
        odd("oci").chat.completions.create(model=MODELS["oci"], messages=HELLO, extra_headers=signed)


def test_retired_models(odd: Client) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(odd("azure"), "gone")
    assert caught.value.status_code == 410
    with pytest.raises(openai.NotFoundError):
        ask(odd("oci"), "gone")


def test_oci_says_which_region_served_and_that_a_model_ends(odd: Client) -> None:
    found = headers(odd("oci"), PROFILE)
    assert found["x-genai-selected-region"] == "us-chicago-1"
    assert found["model-retirement-info"] == "2027-01-31"
    assert "model-retirement-info" not in headers(odd("oci"), MODELS["oci"])


def test_llama_on_oci_takes_no_tools_after_a_system_message(odd: Client) -> None:
    system = [{"role": "system", "content": "be brief"}, *HELLO]
    llama = "meta.llama-3.3-70b-instruct"
    with pytest.raises(openai.BadRequestError, match="system message"):
        odd("oci").chat.completions.create(model=llama, messages=system, tools=TOOL)
    odd("oci").chat.completions.create(model=llama, messages=HELLO, tools=TOOL)
    odd("oci").chat.completions.create(model=llama, messages=system)
    odd("oci").chat.completions.create(model=MODELS["oci"], messages=system, tools=TOOL)


def test_azure_counts_down_refuses_and_opens_again(odd: Client, odd_state: Path) -> None:
    azure, clock = odd("azure"), StateClock(odd_state)
    first = headers(azure, "few")
    assert (first["x-ratelimit-remaining-requests"], first["x-ms-region"]) == ("1", "eastus2")
    assert 0 < int(first["x-ratelimit-remaining-tokens"]) < 500
    assert 1 <= int(first["x-ratelimit-reset-requests"]) <= 60
    assert headers(azure, "few")["x-ratelimit-remaining-requests"] == "0"
    with pytest.raises(openai.RateLimitError) as caught:
        ask(azure, "few")
    found = caught.value.response.headers
    assert int(found["retry-after-ms"]) == 1000 * int(found["retry-after"])
    assert found["x-ratelimit-remaining-requests"] == "0"
    assert int(found["x-ratelimit-remaining-tokens"]) > 0
    clock.advance(61)
    assert headers(azure, "few")["x-ratelimit-remaining-requests"] == "1"


def test_tokens_have_a_limit_of_their_own(odd: Client) -> None:
    ask(odd("azure"), "short")
    with pytest.raises(openai.RateLimitError):
        ask(odd("azure"), "short")


@pytest.mark.parametrize(("name", "model"), [("vertex", "google/few"), ("oci", "few")])
def test_the_others_say_429_in_their_own_words(odd: Client, name: str, model: str) -> None:
    ask(odd(name), model)
    with pytest.raises(openai.RateLimitError) as caught:
        ask(odd(name), model)
    found, body = caught.value.response.headers, caught.value.response.json()
    assert not [key for key in found if key.startswith("x-ratelimit")]
    if name == "vertex":
        assert body[0]["error"]["status"] == "RESOURCE_EXHAUSTED"
    else:
        assert body["code"] == "TooManyRequests"
    assert "retry-after" not in found


@pytest.mark.parametrize("field", ["requests_per_minute", "minted_before_policy", "spills_to"])
def test_a_quirk_of_another_cloud_is_refused(routes: list[Route], tmp_path: Path, field: str) -> None:
    own = next(route for route in routes if route.provider == "coreweave_vllm")
    value = {"requests_per_minute": 1, "minted_before_policy": True}.get(field, "other")
    save_routes(tmp_path / "r.json", [own.model_copy(update={field: value})])
    with pytest.raises(RouteError, match=f"{field} does not exist at coreweave_vllm"):
        load_routes(tmp_path / "r.json")


def test_azure_spills_over_instead_of_refusing(odd: Client) -> None:
    assert "x-ms-spillover-error" not in headers(odd("azure"), "spills")
    found = headers(odd("azure"), "spills")
    assert found["x-ms-spillover-from-deployment"] == "spills"
    assert found["x-ms-deployment-name"] == "standard"
    assert found["x-ms-spillover-error"] == "429"


def test_a_clock_that_is_no_number_is_a_sentence(odd: Client, odd_state: Path) -> None:
    path = odd_state / "clock"
    before = path.read_bytes() if path.exists() else b"0"
    path.write_text("noon")
    try:
        with pytest.raises(openai.InternalServerError, match="does not hold seconds"):
            ask(odd("azure"), MODELS["azure"])
    finally:
        path.write_bytes(before)
