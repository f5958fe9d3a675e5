"""What is said of tags, tokens and figures that fit no line of the bill, or several. Two tiers have one endpoint."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from conftest import Bill

STACK = """config:
  anyport:tier: %s
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      traffic: {tokens_per_minute: 3000}
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
        spare: {priority: 2, provider: azure_openai, region: southcentralus}
"""
USAGE = "endpoint,target,tier,input_tokens,output_tokens"


def charge(cost: str, *tag: str, service: str = "Azure OpenAI") -> dict[str, str]:
    """A row of October, tagged with endpoint, target and tier as far as they are given."""
    words = ("anyport-endpoint", "anyport-target", "anyport-tier")
    tags = {word: value for word, value in zip(words, tag, strict=False) if value}
    return {
        "BillingAccountId": "a", "BilledCost": cost, "EffectiveCost": cost, "ListCost": cost, "BillingCurrency": "USD",
        "ChargePeriodStart": "2026-10-01T00:00:00Z", "ChargePeriodEnd": "2026-11-01T00:00:00Z",
        "BillingPeriodStart": "2026-10-01T00:00:00Z", "ChargeCategory": "Usage", "ProviderName": "Microsoft",
        "ServiceCategory": "AI and Machine Learning", "ServiceName": service, "ResourceId": f"r-{cost}",
        "RegionId": "eastus2", "Tags": json.dumps(tags),
    }  # fmt: skip


def write(*rows: dict[str, str]) -> None:
    with Path("b.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def two_tiers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stack files of two tiers, and 10 USD of the one and 20 of the other."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stacks").mkdir()
    for tier in ("prod", "dev"):
        (tmp_path / "stacks" / f"Pulumi.{tier}.yaml").write_text(STACK % tier)
    write(charge("10", "chat", "azure", "prod"), charge("20", "chat", "azure", "dev"))
    return tmp_path


def body(bill: Bill, *options: str) -> dict[str, Any]:
    return bill("b.csv", *options, "--format", "json").body


def tokens(found: dict[str, Any]) -> dict[str, int | None]:
    return {line["tier"]: line["input_tokens"] for line in found["lines"]}


def said(found: dict[str, Any], *kinds: str) -> list[tuple[str, bool]]:
    return [(f["message"], f["fails"]) for f in found["findings"] if f["kind"] in kinds]


def usage(*rows: str) -> tuple[str, str]:
    Path("u.csv").write_text("\n".join((USAGE, *rows)) + "\n")
    return ("--usage", "u.csv")


def estimate(*rows: dict[str, Any]) -> tuple[str, str]:
    Path("e.json").write_text(json.dumps({"targets": [{"endpoint": "chat", **row} for row in rows]}))
    return ("--estimate", "e.json")


def test_tokens_without_a_tier_are_not_counted_for_several(two_tiers: Path, bill: Bill) -> None:
    found = body(bill, *usage("chat,azure,,50,50", "chat,azure,dev,7,0"))
    assert tokens(found) == {"prod": None, "dev": 7}
    assert said(found, "shared") == [
        ("100 tokens without a tier, and the bill has dev and prod: not counted", False)
    ]


def test_tokens_without_a_tier_are_of_the_one_line_there_is(two_tiers: Path, bill: Bill) -> None:
    write(charge("10", "chat", "azure", "prod"))
    found = body(bill, *usage("chat,azure,,50,50", "chat,azure,prod,7,0"))
    assert tokens(found) == {"prod": 57}
    assert said(found, "shared", "unbilled") == []


def test_tokens_of_a_tier_without_a_charge_are_said(two_tiers: Path, bill: Bill) -> None:
    found = body(bill, *usage("chat,azure,prdo,50,50"))
    assert tokens(found) == {"prod": None, "dev": None}
    (finding,) = [f for f in found["findings"] if f["kind"] == "unbilled"]
    assert finding["message"] == "100 tokens of tier prdo and no charge of that tier: not counted"
    assert finding["fix"] == "did you mean prod?"


def test_tokens_without_a_month_beside_a_bill_of_several_are_said(two_tiers: Path, bill: Bill) -> None:
    later = {"BillingPeriodStart": "2026-11-01T00:00:00Z", "ChargePeriodStart": "2026-11-01T00:00:00Z"}
    write(charge("10", "chat", "azure", "prod"), {**charge("20", "chat", "azure", "prod"), **later})
    found = body(bill, *usage("chat,azure,prod,50,50"))
    assert said(found, "unbilled") == [
        ("100 tokens without a month, and the bill has several: not counted", False)
    ]


def test_a_standby_that_may_have_got_the_tokens_is_not_called_idle(two_tiers: Path, bill: Bill) -> None:
    write(charge("10", "chat", "spare", "prod"), charge("20", "chat", "spare", "dev"))
    assert said(body(bill, *usage("chat,spare,,50,50")), "idle") == []
    assert len(said(body(bill, *usage("chat,spare,,0,0")), "idle")) == 2


@pytest.mark.parametrize(
    ("tag", "message"),
    [
        (("chat",), "chat costs money and the tag names no target"),
        (("chat", "", "prod"), "chat costs money and the tag names no target"),
        (("gone",), "gone costs money and stands in no stack file"),
        (("chat", "gone"), "chat/gone costs money and stands in no stack file"),
        (
            ("chat", "azure", "staging"),
            "chat/azure of tier staging costs money and stands in no stack file of that tier, only of dev, prod",
        ),
        (("chat", "azure", "prod"), None),
        (("chat", "azure"), None),
    ],
)
def test_tags_are_held_against_the_stack_files_as_far_as_they_go(
    tag: tuple[str, ...], message: str | None, two_tiers: Path, bill: Bill
) -> None:
    write(charge("10", *tag))
    found = body(bill)
    assert said(found, "unknown-target") == ([(message, True)] if message else [])
    if message and "names no target" in message:
        assert "destroy" not in found["findings"][0]["fix"]


def test_what_anyport_cost_writes_is_an_estimate_of_every_tier(two_tiers: Path, bill: Bill) -> None:
    from click.testing import CliRunner

    from anyport_cli.main import cli

    # 3,000 x 60 x 730 = 131.4 M tokens: 105.12 x 0.15 + 26.28 x 0.60 = 31.536
    options = ["cost", "stacks", "--today", "2026-11-25", "--format", "json", "--output", "e.json"]
    assert CliRunner().invoke(cli, options).exit_code == 0
    found = body(bill, "--estimate", "e.json")
    drift = {f["cost"]: f["expected"] for f in found["findings"] if f["kind"] == "drift"}
    assert drift == {10.0: 31.54, 20.0: 31.54}
    assert said(found, "no-estimate", "unbilled") == []


def test_an_own_figure_of_a_tier_goes_before_that_of_all(two_tiers: Path, bill: Bill) -> None:
    every = {"target": "azure", "monthly": 20}
    own = {**every, "tier": "prod", "monthly": 10}
    assert said(body(bill, *estimate(own, every)), "drift", "no-estimate", "unbilled") == []
    assert said(body(bill, *estimate(every, own)), "drift", "no-estimate", "unbilled") == []


def test_what_was_expected_and_is_not_billed_is_said(two_tiers: Path, bill: Bill) -> None:
    found = body(bill, *estimate(
        {"target": "azure", "monthly": 10, "tier": "prod"}, {"target": "azure", "monthly": 20, "tier": "dev"},
        {"target": "azure", "monthly": 1, "tier": "staging"}, {"target": "spare", "monthly": 80},
        {"target": "spare", "monthly": 0, "tier": "prod"}, {"target": "other", "monthly": None},
    ))  # fmt: skip
    (every, staging) = [f for f in found["findings"] if f["kind"] == "unbilled"]
    assert (every["target"], every["cost"], every["expected"], every["fails"]) == ("spare", 0, 80, False)
    assert "cost of tier staging was expected" in staging["message"]


def test_words_of_a_bill_do_not_act_on_who_reads_it(two_tiers: Path, bill: Bill) -> None:
    write(
        charge("10", "::error::x", "a\nto look at:\n  forged: b", "prod"),
        charge("7", service="\x1b[31mred\r\n::warning::y"),
    )
    out = bill("b.csv").out
    assert "\x1b" not in out
    assert "\\u{1b}[31mred ::warning::y" in out
    assert [line for line in out.splitlines() if line.lstrip().startswith(("::", "forged"))] == []
    assert "./::error::x" in out


def test_hours_without_money_are_a_list_price_also_where_they_are_of_no_endpoint(
    exports: Path, bill: Bill
) -> None:
    shutil.rmtree("stacks")
    out = bill("exports/coreweave-1.2.csv").out
    (row,) = [line for line in out.splitlines() if line.startswith("AI: GPU Compute")]
    assert row.split()[-2:] == ["list", "price"]
