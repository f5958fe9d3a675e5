"""Exit plans of small stack files, through the command."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from anyport.catalog import load
from anyport.exit_plan import Loss
from anyport.plan import resolve
from anyport.spec import parse
from anyport_cli.main import cli

TEXT = """config:
  anyport:tier: dev
  anyport:providers: {vertex_ai: {project: some-project}}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      apis: [chat_completions]
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
        vertex: {priority: 2, provider: vertex_ai, region: us-central1}
"""
LAST = TEXT.replace("        vertex: {priority: 2, provider: vertex_ai, region: us-central1}\n", "")


def run(tmp_path: Path, text: str, *options: str) -> Result:
    """`anyport exit-plan` on one stack file."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(text)
    return CliRunner().invoke(cli, ["exit-plan", str(file), "--today", "2026-11-25", *options])


def test_what_is_left_answers(tmp_path: Path) -> None:
    ended = run(tmp_path, TEXT, "--without", "Microsoft", "--format", "json")
    (row,) = json.loads(ended.output)["rows"]
    assert (ended.exit_code, row["loss"], row["verdict"], row["warm"]) == (
        0, "operator:Microsoft", "survives", ["vertex"],
    )  # fmt: skip
    assert row["undrilled"] == ["failover was never drilled: no stored result is of this endpoint"]


def test_the_last_target_takes_the_endpoint_with_it(tmp_path: Path) -> None:
    ended = run(tmp_path, LAST, "--without", "azure_openai", "--format", "json")
    assert (ended.exit_code, json.loads(ended.output)["rows"][0]["verdict"]) == (1, "dies")


def test_open_weights_outlive_their_owner(tmp_path: Path) -> None:
    ended = run(tmp_path, TEXT, "--without", "owner:OpenAI", "--format", "json")
    assert (ended.exit_code, json.loads(ended.output)["rows"][0]["verdict"]) == (0, "untouched")


def test_a_target_without_a_place_is_lost_with_any_place(tmp_path: Path) -> None:
    spread = TEXT.replace("eastus2}", "eastus2, options: {deployment_kind: global}}")
    ended = run(tmp_path, spread, "--without", "region:us-central1", "--format", "json")
    assert (ended.exit_code, json.loads(ended.output)["rows"][0]["verdict"]) == (1, "dies")


def test_the_page_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = run(tmp_path, TEXT, "--all"), run(tmp_path, TEXT, "--all")
    assert first.output == second.output
    assert f"| provider:azure_openai | {tmp_path}/Pulumi.x.yaml | chat | survives |" in first.output


def test_what_is_not_there_cannot_be_lost(tmp_path: Path) -> None:
    ended = run(tmp_path, TEXT, "--without", "azure_openia")
    assert ended.exit_code == 2
    assert "AP541" in ended.output
    assert "did you mean azure_openai?" in ended.output


def test_a_word_that_names_several_things_is_refused(tmp_path: Path) -> None:
    google = TEXT.replace("gpt-oss-120b", "gemini-2.5-flash").replace(
        "        azure: {priority: 1, provider: azure_openai, region: eastus2}\n", ""
    )
    ended = run(tmp_path, google, "--without", "google")
    assert ended.exit_code == 2
    assert "AP542" in ended.output
    assert "operator:Google, owner:Google" in ended.output
    assert run(tmp_path, google, "--without", "operator:google").exit_code == 1


@pytest.mark.parametrize(
    ("open_weights", "passes_to", "dies"),
    [(True, None, False), (True, "azure_openai", True), (False, None, True), (None, None, True)],
)
def test_what_an_owner_takes_along(open_weights: bool | None, passes_to: str | None, dies: bool) -> None:
    spec = parse(
        {"tier": "dev", "endpoints": {"chat": {"model": "gpt-oss-120b", "apis": ["chat_completions"], "targets": {
            "azure": {"priority": 1, "provider": "azure_openai", "region": "eastus2"}}}}}
    )  # fmt: skip
    target = resolve(spec, None, date(2026, 11, 25)).endpoints[0].targets[0]
    target = target.model_copy(update={"open_weights": open_weights, "passes_to": passes_to})
    assert bool(Loss("owner", target.model_owner).kills(target, load())) is dies


def test_a_pass_through_dies_with_either() -> None:
    spec = parse(
        {"tier": "dev", "endpoints": {"chat": {"model": "gpt-oss-120b", "apis": ["chat_completions"], "targets": {
            "azure": {"priority": 1, "provider": "azure_openai", "region": "eastus2"}}}}}
    )  # fmt: skip
    target = resolve(spec, None, date(2026, 11, 25)).endpoints[0].targets[0]
    target = target.model_copy(update={"passes_to": "vertex_ai"})
    losses = [Loss("provider", "azure_openai"), Loss("provider", "vertex_ai"), Loss("operator", "Google")]
    assert all(loss.kills(target, load()) for loss in losses)
    assert not Loss("provider", "oci_generative_ai").kills(target, load())
