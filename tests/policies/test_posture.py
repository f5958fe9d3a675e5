"""Posture: the shared option words of all four providers as plain facts, and nothing of their values."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from pydantic import Field

from anyport.plan import PlannedEndpoint, endpoint_facts, resolve
from anyport.posture import plain_secrets, posture
from anyport.secretref import SecretRef
from anyport.spec import parse
from anyport.targets.options import OptionGroup, TargetOptions
from anyport.targets.vertex_ai.options import VertexAiOptions

PLACES = {
    "azure_openai": {"region": "eastus2"},
    "vertex_ai": {"region": "us-central1", "options": {"project": "some-project"}},
    "oci_generative_ai": {
        "region": "us-chicago-1",
        "options": {"compartment_id": "ocid1.compartment.oc1..a", "home_region": "us-ashburn-1"},
    },
    "coreweave_vllm": {
        "region": "US-EAST-04",
        "zone": "US-EAST-04A",
        "instance_type": "gd-8xh100ib-i128",
        "replicas": 1,
        "options": {"domain": "vllm.example.com"},
    },
}
EMAILS = {"emails": ["someone@example.com"]}


def planned(provider: str, today: date, **options: Any) -> PlannedEndpoint:
    place = PLACES[provider]
    target = {
        "priority": 1,
        "provider": provider,
        **place,
        "options": {**place.get("options", {}), **options},
    }
    endpoint = {
        "model": "gpt-oss-120b",
        "traffic": {"tokens_per_minute": 5000},
        "targets": {"one": target},
    }
    spec = parse({"tier": "dev", "endpoints": {"chat": endpoint}})
    return resolve(spec, None, today).endpoint("chat")


def stance(provider: str, today: date, **options: Any) -> dict[str, Any]:
    endpoint = planned(provider, today, **options)
    return posture(endpoint, endpoint.targets[0])


@pytest.mark.parametrize("provider", PLACES)
def test_every_provider_says_every_word(provider: str, today: date) -> None:
    found = stance(provider, today)
    assert {"billing", "billing_party", "keyless", "network", "version", "budget", "alerts"} <= set(found)
    allowed = {
        "keyless": {"yes", "no", "not_offered"},
        "network": {"private", "closed", "open_said", "open_by_default", "not_offered"},
        "version": {"pinned", "unpinned", "not_offered"},
        "budget": {"set", "unset", "not_offered"},
        "alerts": {"set", "unset", "not_offered"},
    }
    for word, words in allowed.items():
        assert found[word] in words, word
    assert "plain_secrets" not in found
    assert "commitment" not in found


def test_an_open_default_is_told_from_a_choice(today: date) -> None:
    assert stance("azure_openai", today)["network"] == "open_by_default"
    assert stance("azure_openai", today, public_network_access=True)["network"] == "open_said"


def test_what_is_set_and_what_a_kind_does_not_have(today: date) -> None:
    """On-demand OCI has no metrics, so nobody is asked for alerts there."""
    budget = {"amount": 10, **EMAILS}
    assert stance("azure_openai", today, budget=budget, alerts=EMAILS)["budget"] == "set"
    assert stance("azure_openai", today, alerts=EMAILS)["alerts"] == "set"
    assert stance("azure_openai", today)["alerts"] == "unset"
    assert stance("oci_generative_ai", today)["alerts"] == "not_offered"
    assert stance("coreweave_vllm", today)["budget"] == "not_offered"


def test_images_and_versions(today: date) -> None:
    digest = "vllm/vllm-openai:v0.33.0@sha256:" + "a" * 64
    found = stance("coreweave_vllm", today, image=digest, revision="b" * 40)
    assert (found["image"], found["version"]) == ("digest", "pinned")
    found = stance("coreweave_vllm", today)
    assert (found["image"], found["version"]) == ("tag", "unpinned")
    assert stance("azure_openai", today)["version"] == "pinned"
    assert stance("azure_openai", today, version_upgrade="on_expiry")["version"] == "unpinned"


def test_only_what_was_bought_is_capacity(today: date) -> None:
    assert stance("azure_openai", today)["capacity_tokens_per_minute"] == 5000
    assert stance("azure_openai", today, capacity=20)["capacity_tokens_per_minute"] == 20000
    for provider in ("oci_generative_ai", "coreweave_vllm"):
        assert "capacity_tokens_per_minute" not in stance(provider, today)


def test_a_commitment_nobody_acknowledged_is_said(today: date) -> None:
    """`anyport check` refuses it too; a program that builds a plan by itself does not ask there."""
    endpoint = planned("oci_generative_ai", today)
    (target,) = endpoint.targets
    dedicated = target.model_copy(update={"deployment_kind": "dedicated"})
    assert posture(endpoint, dedicated)["commitment"] == "unacknowledged"
    options = target.options.model_copy(update={"minimum_commitment_acknowledged": True})
    assert "commitment" not in posture(endpoint, dedicated.model_copy(update={"options": options}))


def test_whose_tokens_callers_need(today: date) -> None:
    assert stance("azure_openai", today)["identity_providers"] == ["Microsoft"]
    assert "identity_providers" not in stance("coreweave_vllm", today)

    class Federated(OptionGroup):
        issuer: str

    class Options(VertexAiOptions):
        workload_identity: Any = ()

    endpoint = planned("vertex_ai", today)
    for issuer, wanted in (
        ("https://login.microsoftonline.com/tenant/v2.0", ["Google", "Microsoft"]),
        ("https://westeurope.oic.prod-aks.azure.com/tenant/id/", ["Google", "Microsoft"]),
        ("https://Corp.Okta.com/oauth2", ["Google", "corp.okta.com"]),
        ("https://microsoftonline.com.example.net", ["Google", "microsoftonline.com.example.net"]),
        ("no url", ["Google"]),
    ):
        options = Options(workload_identity=(Federated(issuer=issuer),))
        target = endpoint.targets[0].model_copy(update={"options": options})
        assert posture(endpoint, target)["identity_providers"] == wanted, issuer


class Inner(OptionGroup):
    token: str | SecretRef | None = None
    key_id: str = "ocid1.key.oc1..a"
    secret_name: str = "the-name"


class Options(TargetOptions):
    api_key: str | SecretRef | None = None
    customer_managed_key: str = "projects/p/keys/k"
    inner: Inner = Inner()
    extra_args: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("options", "paths"),
    [
        (Options(), []),
        (Options(api_key=SecretRef(env="KEY"), inner=Inner(token=SecretRef(env="T"))), []),
        (Options(api_key="abc"), ["api_key"]),
        (Options(inner=Inner(token="abc")), ["inner.token"]),
        (Options(extra_args=("--seed", "1", "--api-key=x")), ["extra_args.2"]),
        (Options(labels={"password": "abc", "note": "hf_" + "a" * 20}), ["labels.password", "labels.note"]),
        (Options(labels={"note": "-----BEGIN RSA " + "PRIVATE KEY-----"}), ["labels.note"]),
    ],
)
def test_secrets_in_plain_text_are_found_by_name_or_by_form(options: Options, paths: list[str]) -> None:
    assert list(plain_secrets(options)) == paths


def test_facts_tell_the_path_of_a_secret_and_never_its_value(today: date) -> None:
    endpoint = planned("azure_openai", today)
    options = Options(api_key="s3cret-value", labels={"note": "hf_" + "z" * 20})
    target = endpoint.targets[0].model_copy(update={"options": options})
    facts = endpoint_facts(endpoint.model_copy(update={"targets": (target,)}))
    assert facts["targets"][0]["posture"]["plain_secrets"] == ["api_key", "labels.note"]
    assert "s3cret" not in json.dumps(facts)
    assert "zzzz" not in json.dumps(facts)


def test_the_share_is_said_only_when_known(today: date) -> None:
    endpoint = planned("azure_openai", today)
    assert "share" not in endpoint_facts(endpoint)
    assert endpoint_facts(endpoint, [])["share"] == []
