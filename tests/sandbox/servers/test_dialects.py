from __future__ import annotations

import base64
import math
import struct
from pathlib import Path

import openai
import pytest

from anyport_sandbox.servers.control import Running
from anyport_sandbox.servers.faults import FaultBook
from anyport_sandbox.servers.routes import Fault

from .conftest import BASES, MODELS, Client

HELLO = [{"role": "user", "content": "say hello"}]
EMBED = "https://ap-embed.openai.azure.com/openai/v1/"


def body(error: openai.APIStatusError) -> object:
    return error.response.json()


@pytest.mark.parametrize("name", list(MODELS))
def test_wrong_key(client: Client, name: str) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        client(name, key="wrong").chat.completions.create(model=MODELS[name], messages=HELLO)
    found = body(caught.value)
    if name == "azure":
        assert set(found["error"]) == {"code", "message"}
        assert found["error"]["code"] == "401"
    elif name in ("vertex", "own"):
        assert found[0]["error"]["status"] == "UNAUTHENTICATED"
        assert found[0]["error"]["code"] == 401
    elif name == "oci":
        assert set(found) == {"code", "message"}
    else:
        assert set(found["error"]) == {"message", "type", "param", "code"}


def test_missing_key(client: Client) -> None:
    for name in MODELS:
        with pytest.raises(openai.AuthenticationError):
            client(name).chat.completions.create(
                model=MODELS[name], messages=HELLO, extra_headers={"Authorization": openai.omit}
            )


@pytest.mark.parametrize("name", list(MODELS))
def test_unknown_model(client: Client, name: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client(name).chat.completions.create(model="no-such-model", messages=HELLO)
    assert "no-such-model" in caught.value.response.text


def test_models_exist_on_azure_and_vllm_only(client: Client) -> None:
    assert [each.id for each in client("azure").models.list()] == ["gpt-oss-120b"]
    assert [each.id for each in client("coreweave").models.list()] == [MODELS["coreweave"]]
    for name in ("oci", "vertex"):
        with pytest.raises(openai.NotFoundError):
            client(name).models.list()


def test_two_oci_endpoints_share_a_host(client: Client, servers: Running) -> None:
    oci = client("oci")
    texts = [
        oci.chat.completions.create(model=model, messages=HELLO).choices[0].message.content
        for model in ("openai.gpt-oss-120b", "meta.llama-3.3-70b-instruct")
    ]
    assert "serves chat" in texts[0]
    assert "serves small" in texts[1]
    assert len(servers.addresses) == 6


def test_azure_keys(client: Client) -> None:
    azure = client("azure")
    with pytest.raises(openai.PermissionDeniedError) as caught:
        azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO, extra_headers={"api-key": "k"})
    assert caught.value.code == "AuthenticationTypeDisabled"
    keyed = client("azure", key="x", base=EMBED)
    keyed.embeddings.create(model="embed-3", input="a", extra_headers={"api-key": "azure-key"})


def test_health_is_open_on_vllm(client: Client) -> None:
    http = client("coreweave")._client
    assert http.get("https://chat.inference.example.com/health").status_code == 200
    assert "anyport_sandbox_requests_total" in http.get("https://chat.inference.example.com/metrics").text
    assert http.get("https://ap-embed.openai.azure.com/health").status_code == 404


def test_embeddings(client: Client) -> None:
    azure = client("azure", key="azure-key", base=EMBED)
    both = azure.embeddings.create(model="embed-3", input=["one", "two"])
    assert [len(each.embedding) for each in both.data] == [64, 64]
    assert math.isclose(math.hypot(*both.data[0].embedding), 1, rel_tol=1e-5)
    assert both.data[0].embedding != both.data[1].embedding
    plain = azure.embeddings.create(model="embed-3", input="one", encoding_format="float")
    assert plain.data[0].embedding == pytest.approx(both.data[0].embedding, rel=1e-6)
    raw = azure.embeddings.create(model="embed-3", input="one", encoding_format="base64").data[0].embedding
    assert len(struct.unpack("<64f", base64.b64decode(raw))) == 64
    assert len(azure.embeddings.create(model="embed-3", input="one", dimensions=8).data[0].embedding) == 8
    assert azure.embeddings.create(model="embed-3", input=[1, 2, 3]).usage.prompt_tokens == 3
    assert len(azure.embeddings.create(model="embed-3", input=[[1], [2, 3]]).data) == 2
    for bad in ({"input": ""}, {"input": []}, {"input": "x", "dimensions": 65}, {"input": 3}):
        with pytest.raises(openai.BadRequestError):
            azure.embeddings.create(model="embed-3", **bad)
    with pytest.raises(openai.BadRequestError, match="does not work"):
        azure.chat.completions.create(model="embed-3", messages=HELLO)


def test_a_fault_starts_and_ends_between_two_calls(client: Client, servers: Running, state_dir: Path) -> None:
    book = FaultBook(state_dir)
    azure = client("azure")
    book.write({"chat/azure": Fault(status=429, retry_after_seconds=2)})
    try:
        with pytest.raises(openai.RateLimitError) as caught:
            azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO)
        assert caught.value.response.headers["retry-after-ms"] == "2000"
        assert caught.value.response.headers["x-ratelimit-remaining-requests"] == "0"
        client("oci").chat.completions.create(model=MODELS["oci"], messages=HELLO)
    finally:
        book.write({})
    azure.chat.completions.create(model="gpt-oss-120b", messages=HELLO)


def test_proxy_refuses_every_other_host(client: Client) -> None:
    with pytest.raises(openai.APIConnectionError) as caught:
        client("azure", base="https://example.org/v1").models.list()
    assert "403" in str(caught.value.__cause__)
    assert BASES["azure"]
