"""Months of an endpoint, worked out by hand in the comments."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from anyport.cost.estimate import Part, Total
from anyport_cli.main import cli
from anyport_policies.report.markdown import _changes
from anyport_policies.report.model import Change

HEAD = """config:
  anyport:tier: dev
  anyport:providers:
    vertex_ai: {project: some-project}
    coreweave_vllm: {domain: vllm.example.com, image: "vllm/vllm-openai@sha256:%s"}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      apis: [chat_completions]
""" % ("5e" * 32)
AZURE = "        azure: {priority: 1, provider: azure_openai, region: eastus2}\n"
VERTEX = "        vertex: {priority: 2, provider: vertex_ai, region: us-central1}\n"
MACHINES = (
    "        own: {priority: 3, provider: coreweave_vllm, region: US-EAST-04, zone: US-EAST-04A,"
    " instance_type: gd-8xh100ib-i128, replicas: 2%s}\n"
)
TRAFFIC = "      traffic: {tokens_per_minute: 1000000}\n"


def costs(tmp_path: Path, text: str, *options: str) -> dict[str, object]:
    """The one endpoint's JSON."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(text)
    ended = CliRunner().invoke(
        cli, ["cost", str(file), "--today", "2026-11-25", "--format", "json", *options]
    )
    assert ended.exit_code == 0, ended.output
    (found,) = json.loads(ended.output)["costs"][str(file)]
    return dict(found)


def test_months_are_summed(tmp_path: Path) -> None:
    # 100 h x 60 x 1 M = 6,000 M tokens, half of them: 3,000 M; 80 % prompt.
    # azure 2,400 x 0.15 + 600 x 0.60 = 720; vertex 2,400 x 0.09 + 600 x 0.36 = 432; machine 100 x 49.24 = 4,924.
    text = HEAD + TRAFFIC + "      targets:\n" + AZURE + VERTEX + MACHINES % ""
    found = costs(tmp_path, text, "--hours", "100", "--load-factor", "0.5")
    assert found["standby"] == {"known_usd": "4924.00", "unknown": []}
    assert found["steady"] == {"known_usd": "5644.00", "unknown": []}
    assert found["failover"] == {"known_usd": "5356.00", "unknown": []}


def test_cold_machines_are_paid_only_when_they_serve(tmp_path: Path) -> None:
    text = HEAD + TRAFFIC + "      targets:\n" + AZURE + MACHINES % ", standby: cold, restore_minutes: 45"
    found = costs(tmp_path, text, "--hours", "100")
    assert found["standby"] == {"known_usd": "0.00", "unknown": []}
    assert found["failover"] == {"known_usd": "4924.00", "unknown": []}


def test_parts_of_the_steady_month_are_told_by_target(tmp_path: Path) -> None:
    # Each serves half: azure 6,000 M x 0.5 x (0.8 x 0.15 + 0.2 x 0.60) = 720, vertex x (0.8 x 0.09 + 0.2 x 0.36) = 432.
    shared = [
        text.replace("priority: 2", "priority: 1").replace("1,", "1, weight: 5,") for text in (AZURE, VERTEX)
    ]
    machines = MACHINES.replace("3", "4", 1) % ", standby: cold, restore_minutes: 45"
    found = costs(
        tmp_path, HEAD + TRAFFIC + "      targets:\n" + "".join(shared) + machines, "--hours", "100"
    )
    targets: Any = found["targets"]
    assert found["tier"] == "dev"
    assert {one["name"]: one["steady_usd"] for one in targets} == {
        "azure": "720.00", "vertex": "432.00", "own": "0.00",
    }  # fmt: skip
    assert found["steady"] == {"known_usd": "1152.00", "unknown": []}


def test_a_cold_first_target_has_no_part_in_the_steady_month(tmp_path: Path) -> None:
    cold = AZURE.replace("}", ", standby: cold, restore_minutes: 45}")
    found = costs(tmp_path, HEAD + "      targets:\n" + cold + VERTEX + MACHINES % "", "--hours", "100")
    targets: Any = found["targets"]
    assert {one["name"]: one["steady_usd"] for one in targets} == {
        "azure": "0.00", "vertex": None, "own": "4924.00",
    }  # fmt: skip


@pytest.mark.parametrize("words", [("cost",), ("exit-plan", "--all"), ("plan", "--explain")])
def test_more_traffic_than_anything_serves_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(HEAD + TRAFFIC.replace("1000000", "1" + "0" * 30) + "      targets:\n" + AZURE)
    ended = CliRunner().invoke(cli, [*words, str(file), "--today", "2026-11-25"])
    assert ended.exit_code == 2
    assert "Pulumi.x.yaml:10:17: AP104" in ended.output
    assert "tokens_per_minute: must be less than or equal to 1000000000000" in ended.output


def test_the_most_traffic_there_may_be_has_a_price(tmp_path: Path) -> None:
    # 8,784 x 60 x 10^12 tokens = 527,040,000,000 M: 0.8 x 0.15 + 0.2 x 0.60 USD each
    most = TRAFFIC.replace("1000000", "1000000000000")
    found = costs(tmp_path, HEAD + most + "      targets:\n" + AZURE, "--hours", "8784")
    assert found["steady"] == {"known_usd": "126489600000.00", "unknown": []}


def test_prices_are_shown_with_their_own_source_and_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another than the row's, once a list that tells no prices has moved that."""
    import anyport.catalog

    catalog = anyport.catalog.load()
    model = catalog.models["gpt-oss-120b"]
    own = {"price_source": "a page of prices", "priced_on": date(2026, 11, 20)}
    offer = model.offers["azure_openai"].model_copy(update=own)
    model = model.model_copy(update={"offers": {**model.offers, "azure_openai": offer}})
    changed = catalog.model_copy(update={"models": {**catalog.models, model.name: model}})
    monkeypatch.setattr(anyport.catalog, "load", lambda: changed)
    found = costs(tmp_path, HEAD + TRAFFIC + "      targets:\n" + AZURE)
    targets: Any = found["targets"]
    assert targets[0]["source"] == "a page of prices, 2026-11-20 (doubtful)"


def test_traffic_not_declared_is_said(tmp_path: Path) -> None:
    found = costs(tmp_path, HEAD + "      targets:\n" + AZURE + VERTEX)
    assert (found["steady"], found["failover"]) == (None, None)
    assert "tokens_per_minute is not declared" in str(found["note"])


def test_a_price_that_is_not_known_is_named_not_zero(tmp_path: Path) -> None:
    reserved = AZURE.replace("eastus2}", "eastus2, options: {deployment_kind: ptu, capacity: 50}}")
    found = costs(tmp_path, HEAD + TRAFFIC + "      targets:\n" + reserved + VERTEX)
    assert found["standby"] == {"known_usd": "0.00", "unknown": ["azure"]}
    assert found["steady"] == {"known_usd": "0.00", "unknown": ["azure"]}


def test_what_is_not_known_in_both_months_alike_adds_nothing() -> None:
    def total(rent: int | None, share: int, tokens: int | None) -> Total:
        money = (None if one is None else Decimal(one) for one in (rent, tokens))
        return Total((Part("a", next(money), Decimal(share), next(money)),))

    assert total(None, 1, 7).added_to(total(None, 0, 0)) == (Decimal(7), ())
    assert total(0, 1, None).added_to(total(0, 1, None)) == (Decimal(0), ())
    assert total(0, 1, None).added_to(total(0, 0, 0)) == (Decimal(0), ("a",))
    assert total(None, 0, 0).added_to(total(0, 0, 0)) == (Decimal(0), ("a",))
    assert total(2, 0, 0).added_to(total(5, 1, 4)) == (Decimal(-7), ())


@pytest.mark.parametrize("share", ["1.1", "-0.1", "nan", "much"])
def test_a_share_is_from_0_to_1(share: str) -> None:
    ended = CliRunner().invoke(cli, ["cost", "--input-share", share])
    assert ended.exit_code == 2
    assert "write a number from 0 to 1" in ended.output


def test_a_change_tells_the_months_that_cost_something_else() -> None:
    change = Change("f", "chat", ("a",), ("a",), ("0", "1", "2"), ("0", "5", "at least 1 + unknown: x"))
    text = "".join(_changes((change,)))
    assert "steady month by list prices: `1` → `5`" in text
    assert "failover month by list prices: `2` → `at least 1 + unknown: x`" in text
    assert "standby" not in text
