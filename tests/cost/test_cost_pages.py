"""The HTML pages of costs and of exit plans: sound markup, nothing fetched, strangers' words escaped."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from anyport.cost import EndpointCost, TargetCost
from anyport.cost.estimate import Part, Total
from anyport.cost.page import as_page
from anyport.exit_plan.page import as_page as exit_page
from anyport.exit_plan.page import markdown
from anyport_cli.main import cli

TEXT = """config:
  anyport:tier: dev
  anyport:providers: {vertex_ai: {project: some-project}}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      apis: [chat_completions]
      traffic: {tokens_per_minute: 100000}
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2, options: {deployment_kind: ptu, capacity: 50}}
        vertex: {priority: 2, provider: vertex_ai, region: us-central1}
"""
HOSTILE = '<img src=x onerror="alert(1)">&\'"'


class Reader(HTMLParser):
    """Checks that every tag is closed in order, and gathers what is said."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def run(tmp_path: Path, *words: str, text: str = TEXT) -> Result:
    """A command on one stack file."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(text)
    return CliRunner().invoke(
        cli, [words[0], str(file), "--today", "2026-11-25", "--format", "html", *words[1:]]
    )


@pytest.mark.parametrize("words", [("cost",), ("exit-plan", "--all")])
def test_a_page_is_sound_needs_nothing_and_is_the_same_every_time(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    first, second = run(tmp_path, *words), run(tmp_path, *words)
    assert first.output == second.output
    read = Reader(first.output)
    assert not {"script", "link", "img", "iframe", "object"} & set(read.tags)
    assert not {name for name, _ in read.attributes if name.startswith("on")} | (
        {"src", "href", "style"} & {name for name, _ in read.attributes}
    )
    assert "prefers-color-scheme: dark" in first.output
    assert "@import" not in first.output
    assert set(re.findall(r"url\((.*?)\)", first.output)) <= {"#hatch"}


@pytest.mark.parametrize("words", [("cost",), ("exit-plan", "--all")])
def test_output_is_what_would_have_been_printed(tmp_path: Path, words: tuple[str, ...]) -> None:
    printed, file = run(tmp_path, *words), tmp_path / "page.html"
    written = run(tmp_path, *words, "--output", str(file))
    assert (written.output, written.exit_code) == ("", printed.exit_code)
    assert file.read_text() == printed.output


@pytest.mark.parametrize("words", [("cost",), ("exit-plan", "--all")])
def test_nothing_is_written_for_wrong_input_or_over_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    file = tmp_path / "page.html"
    ended = run(tmp_path, *words, "--output", str(file), text=TEXT.replace("eastus2", "eastus9"))
    assert (ended.exit_code, ended.stdout, file.exists()) == (2, "", False)
    assert run(tmp_path, *words, text=TEXT.replace("eastus2", "eastus9")).stdout == ""
    over = run(tmp_path, *words, "--output", str(tmp_path / "Pulumi.x.yaml"))
    assert (over.exit_code, (tmp_path / "Pulumi.x.yaml").read_text()) == (2, TEXT)
    assert run(tmp_path, *words, "--output", str(tmp_path / "no" / "page.html")).exit_code == 2


def test_a_bar_has_a_piece_per_target_and_hatches_what_is_not_known(tmp_path: Path) -> None:
    page = run(tmp_path, "cost").output
    bars = re.findall(r'<svg viewBox="0 0 1000 26".*?</svg>', page)
    assert [re.findall(r"<title>(.*?)</title>", bar) for bar in bars] == [
        ["azure: not known"],
        ["azure: not known"],
        ["vertex: 630.72 USD", "azure: not known"],
    ]
    assert all('fill="url(#hatch)"' in bar for bar in bars)
    assert "at least 630.72 USD + unknown: azure" in Reader(page).text


def test_pieces_stand_end_to_end_in_proportion() -> None:
    parts = (
        Part("a", Decimal(300), Decimal(0), Decimal(0)),
        Part("b", Decimal(100), Decimal(1), Decimal(0)),
        Part("c", None, Decimal(0), Decimal(0)),
    )
    targets = tuple(TargetCost(p.target, "x", "warm", p.rent, Decimal(0), "", "", "") for p in parts)
    page = as_page(
        {"f": [EndpointCost("e", "dev", targets, Total(parts), None, None, "no traffic", parts)]}, "assumed"
    )
    bar = re.findall(r'<svg viewBox="0 0 1000 26".*?</svg>', page)[0]
    assert re.findall(r'x="([\d.]+)" width="([\d.]+)"', bar) == [
        ("0.0", "697.5"),
        ("697.5", "232.5"),
        ("930.0", "70.0"),
    ]


def test_strangers_words_are_escaped() -> None:
    part = Part(HOSTILE, None, Decimal(0), Decimal(0))
    target = TargetCost(HOSTILE, HOSTILE, HOSTILE, None, None, HOSTILE, HOSTILE, HOSTILE)
    found = EndpointCost(HOSTILE, HOSTILE, (target,), Total((part,)), None, None, HOSTILE, (part,))
    read = Reader(as_page({HOSTILE: [found]}, HOSTILE))
    assert "img" not in read.tags
    assert HOSTILE in read.text


def test_strangers_words_are_escaped_in_exit_plans() -> None:
    capacity = {"declared_tokens_per_minute": 1, "sure_tokens_per_minute": 0, "targets": {HOSTILE: None},
                "unknown": [HOSTILE], "verdict": "not known"}  # fmt: skip
    tie = {"kind": HOSTILE, "target": HOSTILE, "option": HOSTILE, "step": HOSTILE}
    row = {
        "loss": HOSTILE, "stack": HOSTILE, "endpoint": HOSTILE, "verdict": "dies", "warm": [HOSTILE], "cold": [],
        "needed": [], "restore_minutes": None, "capacity": capacity, "before": None, "after": None, "added": None,
        "dead": [{"target": HOSTILE, "why": HOSTILE}], "ties": [tie], "manual": [HOSTILE], "unknown": [HOSTILE],
        "undrilled": [HOSTILE + "\n# a heading"],
    }  # fmt: skip
    value = {
        "drills_folder": HOSTILE, "today": HOSTILE, "checkouts": [{"stacks": [HOSTILE], "commit": None, "dirty": None}] * 2, "catalog_collected_on": HOSTILE,
        "assumptions": {"hours": 1, "input_share": "1", "load_factor": "1"}, "rows": [row], "inputs": {HOSTILE: "0"},
        "drills": [{"file": HOSTILE, "endpoint": HOSTILE, "steps": 1, "kept": True, "date": None}],
    }  # fmt: skip
    read = Reader(exit_page(value))
    assert "img" not in read.tags
    assert HOSTILE in read.text
    text = markdown(value)
    assert "<img" not in text
    assert "\n# a heading" not in text
