"""`anyport catalog successors`: paths for stack files, exit codes, and input that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest
from check_runs import Anyport, Checkout

DAY = ("--today", "2026-11-25")
CHAT = """\
config:
  anyport:tier: dev
  anyport:providers: {vertex_ai: {project: my-project-1}}
  anyport:endpoints:
    open:
      model: llama-3.3-70b-instruct
      features: [streaming]
      targets:
        vertex: {priority: 1, provider: vertex_ai, region: us-central1}
        oci: {priority: 2, provider: oci_generative_ai, region: us-chicago-1}
        own:
          priority: 3
          provider: coreweave_vllm
          region: US-EAST-04
          zone: US-EAST-04A
          instance_type: gd-8xh100ib-i128
          replicas: 1
          options: {hugging_face_token: {config: "secrets:hf_token"}, domain: vllm.example.com}
"""
VECTORS = """\
config:
  anyport:endpoints:
    vectors:
      model: text-embedding-3-large
      apis: [embeddings]
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
"""


def paths(anyport: Anyport, *arguments: str, code: int = 0) -> list[Any]:
    ended = anyport("catalog", "successors", *arguments, *DAY, "--format", "json")
    assert ended.code == code, ended
    found = json.loads(ended.out)
    assert found["problems"] == []
    return list(found["paths"])


def test_a_model_already_retired_has_its_ways_on(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", CHAT)
    (path,) = paths(anyport)
    assert (path["endpoint"], path["retires"]) == (
        "open",
        [{"target": "vertex", "on": "2026-10-21", "conflict": None}],
    )
    first, second = path["candidates"][:2]
    assert (first["model"], first["kinds"]) == ("llama-3.3-70b-instruct", {"vertex": "model_garden"})
    assert any("machine_type" in line for line in first["targets"][0]["todo"])
    assert (second["model"], second["verdict"], second["equivalence"]) == ("gpt-oss-120b", "unknown", [])
    assert [target["unknown"] for target in second["targets"]] == [
        ["when it retires"],
        ["when it retires"],
        [],
    ]
    by_model = {one["model"]: one for one in path["candidates"] if not one["kinds"]}
    assert by_model["gemini-3.5-flash"]["verdict"] == "partly"
    assert by_model["gemini-3.5-flash"]["equivalence"] == ["vertex"]
    assert by_model["gpt-oss-20b"]["verdict"] == "refused"


def test_text_has_each_reason_once(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", CHAT)
    ended = anyport("catalog", "successors", "stacks", *DAY)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0] == "stacks/Pulumi.x.yaml: open: llama-3.3-70b-instruct at vertex, oci, own"
    assert "  retires at vertex on 2026-10-21" in lines
    assert "     needs an equivalence: entry at vertex, after an evaluation" in lines
    refused = lines[lines.index("  refused:") + 1 :]
    reasons = [line.partition(": ")[2] for line in refused if line]
    assert len(reasons) == len(set(reasons))


def test_nothing_but_refused_candidates_is_a_finding(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", VECTORS)
    (path,) = paths(anyport, code=1)
    assert {one["verdict"] for one in path["candidates"]} == {"refused"}
    assert paths(anyport, "--within", "30") == []


def test_a_model_without_a_known_end_when_it_is_named(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", CHAT.replace("llama-3.3-70b-instruct", "gpt-oss-120b"))
    assert paths(anyport) == []
    assert "No endpoint has a model whose end is known" in anyport("catalog", "successors", *DAY).out
    (path,) = paths(anyport, "--model", "gpt-oss-120b", code=1)
    assert path["retires"] == []
    assert paths(anyport, "--model", "gpt-5.4") == []
    assert "No endpoint serves gpt-5.4" in anyport("catalog", "successors", "--model", "gpt-5.4", *DAY).out


def test_wrong_input_hides_nothing_else(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", CHAT)
    checkout_of.write("Pulumi.y.yaml", "config: [")
    ended = anyport("catalog", "successors", *DAY)
    assert ended.code == 2
    assert "AP002" in ended.err
    assert "gpt-oss-120b" in ended.out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [(("--model", "gpt-5"), "AP203"), (("nowhere",), "AP001"), (("--within", "-1"), "--within")],
)
def test_wrong_use(checkout_of: Checkout, anyport: Anyport, wrong: tuple[str, ...], said: str) -> None:
    checkout_of.write("Pulumi.x.yaml", CHAT)
    ended = anyport("catalog", "successors", *wrong, *DAY)
    assert ended.code == 2, ended
    assert said in ended.err
    assert "Traceback" not in ended.err
