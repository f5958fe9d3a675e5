"""`anyport verify` on the sandbox's clouds, target by target and through the real Envoy."""

from __future__ import annotations

import json
from typing import Any

import pytest
from verify_helpers import ENVIRONMENT, TOKENS, Gateways, Verify, contracts

from anyport_sandbox.servers.control import Running

CHAT = {"chat", "stream", "tools", "json_schema", "usage", "errors", "auth", "context"}
EMBED = {"embeddings", "usage", "errors", "auth"}


def ways(servers: Running) -> tuple[str, ...]:
    return "--proxy", servers.proxy_url, "--ca-file", str(servers.ca_path), "--timeout", "20"


def kept(row: dict[str, Any]) -> set[str]:
    return {cell["check"] for cell in row["checks"] if cell["status"] == "yes"}


def test_every_target_of_the_sandbox_gives_what_its_contract_says(
    servers: Running, run_verify: Verify
) -> None:
    done = run_verify(contracts(), *ways(servers), "--format", "json", **ENVIRONMENT)
    found = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    assert [sentence.split(": the error")[0] for sentence in found["differences"]] == [
        "chat/vertex: errors", "chat/vertex: context", "chat/oci: errors", "chat/oci: context",
    ], "these clouds have their own shape of errors"  # fmt: skip
    assert [(row["endpoint"], row["target"]) for row in found["rows"]] == [
        ("chat", "azure"), ("chat", "vertex"), ("chat", "oci"), ("chat", "coreweave"), ("embed", "azure"),
    ]  # fmt: skip
    for row in found["rows"]:
        own_form = {"errors", "context"} if row["target"] in ("vertex", "oci") else set()
        assert kept(row) == (CHAT if row["endpoint"] == "chat" else EMBED) - own_form


@pytest.mark.envoy
def test_the_gateway_gives_what_the_endpoints_promise(
    servers: Running, run_verify: Verify, gateway_of: Gateways
) -> None:
    url = gateway_of(contracts(), TOKENS, addresses=servers.addresses, ca_file=str(servers.ca_path))
    done = run_verify(contracts(), "--through", url, "--gateway-only", "--format", "json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0, done.output
    chat, embed = found["rows"]
    assert kept(chat) == CHAT | {"served_by"}
    assert kept(embed) == EMBED | {"served_by"}
    details = {cell["check"]: cell["detail"] for cell in chat["checks"]}
    assert details["served_by"] == "azure, attempt 1"
    assert details["auth"] == "open to whoever can connect: right only on loopback"


@pytest.mark.envoy
def test_a_gateway_that_skips_its_contract_is_found_out(
    servers: Running, run_verify: Verify, gateway_of: Gateways
) -> None:
    """The contract promises a longer vector than is there, and a key that is refused moves requests on."""
    url = gateway_of(contracts(), {**TOKENS, "azure_openai": "dead"}, addresses=servers.addresses,
                     ca_file=str(servers.ca_path))  # fmt: skip
    done = run_verify(contracts(), "--through", url, "--gateway-only", "--format", "json")
    chat, embed = json.loads(done.stdout)["rows"]
    assert done.exit_code == 1
    assert next(cell for cell in chat["checks"] if cell["check"] == "served_by")["detail"].startswith(
        "vertex"
    )
    assert {cell["check"] for cell in embed["checks"] if cell["status"] == "NO"} >= {"embeddings", "usage"}


def test_a_wrong_token_fails_and_is_not_shown(servers: Running, run_verify: Verify) -> None:
    done = run_verify(
        contracts(),
        *ways(servers),
        "--target",
        "oci",
        **{**ENVIRONMENT, "ANYPORT_TOKEN_CHAT_OCI": "sk-wrong-one"},
    )
    assert done.exit_code == 1
    assert "chat/oci: chat: promised, and broken: HTTP 401" in done.stdout
    assert "sk-wrong-one" not in done.output


def test_a_contract_that_promises_too_much_is_a_failed_proof(servers: Running, run_verify: Verify) -> None:
    raw = contracts()
    raw["endpoints"]["embed"]["targets"][0]["limits"] = {"embedding_dimensions": 3072}
    done = run_verify(raw, *ways(servers), "--endpoint", "embed", **ENVIRONMENT)
    assert done.exit_code == 1
    assert "embed/azure: embeddings: promised, and broken: vectors of 64, promised are 3072" in done.stdout


def test_missing_tokens_are_named_together_before_anything_is_asked(run_verify: Verify) -> None:
    done = run_verify(contracts(), "--through", "https://llm.example.com/v1")
    assert done.exit_code == 2
    assert "chat/azure: set ANYPORT_TOKEN_CHAT_AZURE or ANYPORT_TOKEN_AZURE_OPENAI" in done.output
    assert "embed/azure: set ANYPORT_TOKEN_EMBED_AZURE" in done.output
    assert "the gateway: set ANYPORT_GATEWAY_KEY" in done.output


@pytest.mark.parametrize(
    ("raw", "arguments", "says"),
    [
        ("{", (), "is not valid JSON; write it with: pulumi stack output --json"),
        ("[]", (), "AP401"),
        ("{}", (), "AP401"),
        ('{"endpoints": {"chat": {"targets": [1]}}}', (), "AP401"),
        (contracts(), ("--endpoint", "caht"), "'caht' is not one of chat, embed"),
        (contracts(), ("--target", "aws"), "'aws' is not one of azure, coreweave, oci, vertex"),
        (contracts(), ("--gateway-only",), "--gateway-only needs --through URL"),
        (contracts(), ("--through", "http://llm.example.com/v1"), "over https only"),
        (contracts(), ("--through", "llm.example.com"), "is no base URL"),
        (contracts(), ("--through", "https://user:pw@llm.example.com"), "is no base URL"),
    ],
)
def test_bad_input_is_exit_2_and_a_sentence(
    run_verify: Verify, raw: Any, arguments: tuple[str, ...], says: str
) -> None:
    done = run_verify(raw, *arguments, **ENVIRONMENT)
    assert done.exit_code == 2, done.output
    assert says in done.output
    assert "Traceback" not in done.output
