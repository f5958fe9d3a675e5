"""What each cloud's items are read into, and that their keys are the clouds' own."""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from live_helpers import DAY

from anyport.live import azure, coreweave, google, oci
from anyport.live.failure import LiveError
from anyport.live.questions import Answer, Item, Question


def answer(provider: str, what: str, *items: Item, place: str = "p", detail: str = "") -> Answer:
    return Answer(Question(provider, what, place, detail), items, DAY, "x")  # type: ignore[arg-type]


def model(**more: Any) -> Item:
    return {"kind": "OpenAI", "model": {"name": "gpt", "version": "1", "format": "OpenAI", **more}}


def test_azure_row() -> None:
    item = model(
        lifecycleStatus="Deprecating",
        isDefaultVersion=True,
        deprecation={"inference": "2027-03-05T00:00:00Z", "deprecationStatus": "Tentative"},
        skus=[
            {
                "name": "GlobalStandard",
                "usageName": "OpenAI.GlobalStandard.gpt",
                "deprecationDate": "2027-01-01",
            },
            {"name": "GlobalBatch", "deprecationDate": "2026-01-01"},
            {"name": "Standard", "capacity": {"minimum": 1, "maximum": 50, "step": 1}},
        ],
    )
    (row,) = azure.models(answer("azure_openai", "models", item))
    assert row.kinds == ("standard", "global")
    assert (row.status, row.firm, row.default_version) == ("deprecated", False, True)
    assert row.kind_retires == {"global": date(2027, 1, 1), "standard": date(2027, 3, 5)}
    assert row.retires == date(2027, 1, 1)
    assert row.usage_names == {"global": "OpenAI.GlobalStandard.gpt"}
    assert row.steps["standard"] == (1, 50, 1)


def test_azure_account_kinds_make_one_row() -> None:
    one = model(skus=[{"name": "Standard"}], deprecation={"inference": "2027-05-01T00:00:00Z"})
    other = {**model(skus=[{"name": "GlobalStandard"}], deprecation={"inference": "2027-04-01T00:00:00Z"})}
    (row,) = azure.models(answer("azure_openai", "models", one, {**other, "kind": "AIServices"}))
    assert row.kinds == ("standard", "global")
    assert row.retires == date(2027, 4, 1)


@pytest.mark.parametrize("text", ["", "0001-01-01T00:00:00Z", "soon", None, "2027-13-01"])
def test_days_that_say_nothing(text: str | None) -> None:
    assert azure.day_of(text) is None


@pytest.mark.parametrize(
    ("read", "provider"),
    [(azure.models, "azure_openai"), (google.models, "vertex_ai"), (oci.models, "oci_generative_ai")],
)
@pytest.mark.parametrize(
    "item", [{}, {"model": {}}, {"name": 7, "displayName": 7, "model": {"name": 7}}, {"model": []}]
)
def test_an_item_without_a_name_is_no_answer(read: Any, provider: str, item: Item) -> None:
    with pytest.raises(LiveError) as caught:
        read(answer(provider, "models", item))
    assert caught.value.problem.code == "AP527"


def test_oci_rows() -> None:
    base = {"displayName": "m", "type": "BASE", "lifecycleState": "ACTIVE", "capabilities": ["CHAT"]}
    rows = oci.models(
        answer(
            "oci_generative_ai",
            "models",
            {
                **base,
                "timeOnDemandRetired": "2027-02-01T00:00:00.000Z",
                "timeDeprecated": "2026-10-01T00:00:00Z",
            },
            {**base, "timeDedicatedRetired": "2027-08-01T00:00:00Z"},
            {**base, "lifecycleState": "DELETED", "timeOnDemandRetired": "2020-01-01T00:00:00Z"},
            {**base, "displayName": "mine", "type": "CUSTOM"},
            {**base, "displayName": "painter", "capabilities": ["TEXT_TO_IMAGE"]},
            {**base, "displayName": "gone", "lifecycleState": "DELETED"},
        )
    )
    assert [(row.model_id, row.status) for row in rows] == [("m", "deprecated"), ("gone", "retired")]
    assert rows[0].kind_retires == {"on_demand": date(2027, 2, 1), "dedicated": date(2027, 8, 1)}


@pytest.mark.parametrize(
    ("shape", "limit"),
    [
        ("H100_X8", ("dedicated-unit-h100-count", 8)),
        ("OAI_H100_X2", ("dedicated-unit-h100-count", 2)),
        ("OAI_A100_80G_X2", None),
    ],
)
def test_limit_of_a_shape(shape: str, limit: object) -> None:
    assert oci.limit_of_shape(shape) == limit


def test_oci_quota() -> None:
    found = oci.quota(answer("oci_generative_ai", "limit", {"used": 3, "available": 5}, detail="x"))
    assert (found.limit, found.used) == (8, 3)
    assert oci.quota(answer("oci_generative_ai", "limit", {"available": 5}, detail="x")).limit is None


def test_google_quota_of_a_region() -> None:
    info = {
        "quotaId": "Q",
        "dimensionsInfos": [
            {"details": {"value": "4"}, "applicableLocations": ["us-central1", "europe-west4"]},
            {"dimensions": {"region": "us-central1"}, "details": {"value": "16"}},
        ],
    }
    held = answer("vertex_ai", "quota", info)
    assert google.limit_of(held, "Q", "asia-east1") is None
    assert google.limit_of(held, "Q", "europe-west4").limit == 4  # type: ignore[union-attr]
    assert google.limit_of(held, "Q", "us-central1").limit == 16  # type: ignore[union-attr]
    assert google.limit_of(held, "R", "us-central1") is None


def test_google_names() -> None:
    assert google.name_of("publishers/openai/models/gpt-oss@gpt-oss-120b") == (
        "openai",
        "gpt-oss",
        "gpt-oss-120b",
    )
    assert google.name_of("openai/gpt-oss-120b-maas") == ("openai", "gpt-oss-120b-maas", None)
    assert google.name_of("gpt") is None


def test_machines() -> None:
    def node(name: str, gpus: str, ready: str = "True", **spec: Any) -> Item:
        labels = {"node.kubernetes.io/instance-type": "t"}
        status = {"allocatable": {"nvidia.com/gpu": gpus}, "conditions": [{"type": "Ready", "status": ready}]}
        return {"metadata": {"name": name, "labels": labels}, "spec": spec, "status": status}

    def pod(name: str, gpus: str, phase: str = "Running") -> Item:
        asked = [{"resources": {"limits": {"nvidia.com/gpu": gpus}}}, {}]
        return {"spec": {"nodeName": name, "containers": asked}, "status": {"phase": phase}}

    nodes = [node("a", "8"), node("b", "8", "False"), node("c", "8", unschedulable=True), node("d", "0")]
    pods = [pod("a", "2"), pod("a", "4", "Succeeded"), pod("a", "1", "Pending")]
    found = coreweave.machines(
        answer("coreweave_vllm", "nodes", *nodes), answer("coreweave_vllm", "pods", *pods)
    )
    assert [(machine.gpus, machine.free) for machine in found] == [(8, 5)]


def keys_of(shape: Mapping[str, Any]) -> Iterator[str]:
    for key, inner in shape.items():
        yield key
        if inner:
            yield from keys_of(inner)


def sources(package: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations
    return "\n".join(p.read_text() for p in Path(spec.submodule_search_locations[0]).glob("*.py"))


def test_azure_keys_are_those_of_microsofts_client() -> None:
    known = set(re.findall(r'"key": "([A-Za-z]+)"', sources("azure.mgmt.cognitiveservices.models")))
    assert {key for shape in azure.SHAPES.values() for key in keys_of(shape)} - known == set()


def test_oci_keys_are_those_of_oracles_client() -> None:
    for what, package in (("models", "oci.generative_ai.models"), ("limit", "oci.limits.models")):
        known = set(re.findall(r"'[a-z_]+': '([A-Za-z]+)'", sources(package)))
        assert set(keys_of(oci.SHAPES[what])) - known == set()


def test_google_keys_of_models_are_those_of_googles_document() -> None:
    spec = importlib.util.find_spec("googleapiclient")
    assert spec is not None
    assert spec.origin
    file = Path(spec.origin).parent / "discovery_cache/documents/aiplatform.v1beta1.json"
    schemas = json.loads(file.read_text("utf-8"))["schemas"]
    known = set(schemas["GoogleCloudAiplatformV1beta1PublisherModel"]["properties"])
    assert set(google.SHAPES["models"]) - known == set()
