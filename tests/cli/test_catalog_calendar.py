"""`anyport catalog calendar`: stack files and the whole catalog, and iCalendar text that any reader takes."""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
from check_runs import Anyport, Checkout

from anyport.catalog import load
from anyport.catalog.calendar import Calendar, Event, Undated, catalog_calendar
from anyport.catalog.folder import load_folder
from anyport_cli.catalog_ics import ics

STATES = Path(__file__).parents[1] / "catalog" / "states"
EXPECTED = Path(__file__).parent / "expected_catalog"
DAY = date(2026, 11, 25)
STACK = """\
config:
  anyport:providers: {vertex_ai: {project: my-project-1}}
  anyport:endpoints:
    chat:
      model: gpt-5.1
      targets:
        one: {priority: 1, provider: azure_openai, region: eastus2}
        two: {priority: 2, provider: azure_openai, region: westus}
    old:
      model: llama-3.3-70b-instruct
      targets:
        vertex: {priority: 1, provider: vertex_ai, region: us-central1}
"""
WAIVERS = """\
waivers:
  - rule: AR002
    endpoint: chat
    reason: "the second vendor; contract, signed\\nin the new year"
    owner: ai-platform
    ticket: PLAT-1
    category: waiver
    granted: 2026-11-20
    expires: 2027-01-31
  - rule: AR002
    endpoint: elsewhere
    reason: an endpoint of another stack file
    owner: ai-platform
    ticket: PLAT-2
    category: waiver
    granted: 2026-11-20
    expires: 2027-01-31
"""


@pytest.fixture
def stack(checkout_of: Checkout) -> Checkout:
    checkout_of.write("Pulumi.x.yaml", STACK)
    checkout_of.write("waivers.yaml", WAIVERS)
    return checkout_of


def calendar(anyport: Anyport, *arguments: str | Path, code: int = 0) -> Any:
    ended = anyport("catalog", "calendar", *arguments, "--format", "json", "--today", str(DAY))
    assert ended.code == code, ended
    return json.loads(ended.out)


def test_stack_files_have_their_own_ends_and_the_waivers_of_their_endpoints(
    stack: Checkout, anyport: Anyport
) -> None:
    found = calendar(anyport, "stacks")
    assert [(e["day"], e["days_left"], e["kind"], e["touches"]) for e in found["events"]] == [
        ("2026-10-21", -35, "model_retirement", ["stacks/Pulumi.x.yaml old/vertex"]),
        ("2027-01-31", 67, "waiver_expiry", ["stacks/waivers.yaml chat"]),
        (
            "2027-05-15",
            171,
            "model_retirement",
            ["stacks/Pulumi.x.yaml chat/one", "stacks/Pulumi.x.yaml chat/two"],
        ),
    ]
    assert found["problems"] == []
    assert {one["kind"] for one in found["undated"]} == {"api"}


def test_text_says_what_is_uncertain_and_past(stack: Checkout, anyport: Anyport) -> None:
    stack.write("Pulumi.x.yaml", STACK.replace("gpt-5.1", "gpt-5.4"))
    ended = anyport("catalog", "calendar", "stacks", "--today", str(DAY))
    assert ended.code == 0
    assert "2026-10-21  35 days ago  llama-3.3-70b-instruct retires at vertex_ai (maas)\n" in ended.out
    assert (
        "2027-03-05  in 100 days  gpt-5.4 retires at azure_openai (datazone, global, ptu)  (uncertain)"
        in ended.out
    )
    assert "  the earliest date governs: LiteLLM 1.106.10 says 2027-09-02\n" in ended.out
    assert "3 with a day (1 past), " in ended.out


def test_without_stack_files_it_is_the_whole_catalog(anyport: Anyport) -> None:
    found = calendar(anyport)
    assert len(found["events"]) == len(catalog_calendar(load()).events) > 10
    assert all(event["touches"] == [] for event in found["events"])


def test_wrong_input_hides_nothing_else_and_writes_nothing(
    stack: Checkout, anyport: Anyport, tmp_path: Path
) -> None:
    stack.write("Pulumi.y.yaml", "config: [")
    stack.write("waivers.yaml", WAIVERS.replace("AR002", "AR999", 1))
    found = calendar(anyport, "stacks", code=2)
    assert {problem["code"] for problem in found["problems"]} == {"AP002", "AW004"}
    assert len(found["events"]) == 2
    ended = anyport("catalog", "calendar", "stacks", "--format", "ics", "--output", tmp_path / "x.ics")
    assert ended.code == 2
    assert "AP002" in ended.err
    assert not (tmp_path / "x.ics").exists()


def test_named_waivers_must_be_there(stack: Checkout, anyport: Anyport) -> None:
    found = calendar(anyport, "stacks", "--waivers", "missing.yaml", code=2)
    assert [problem["code"] for problem in found["problems"]] == ["AP001"]


@pytest.mark.parametrize("wrong", [("--today", "soon"), ("--alarm", "-1"), ("--format", "xml"), ("nowhere",)])
def test_wrong_use(stack: Checkout, anyport: Anyport, wrong: tuple[str, ...]) -> None:
    ended = anyport("catalog", "calendar", *wrong)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_expected_text_byte_for_byte() -> None:
    text = ics(catalog_calendar(load_folder(STATES / "new")), DAY, (30, 90, 30))
    assert text.encode() == (EXPECTED / "calendar.ics").read_bytes()


def test_a_run_gives_the_same_bytes_and_another_day_only_another_stamp(
    stack: Checkout, anyport: Anyport, tmp_path: Path
) -> None:
    one = anyport("catalog", "calendar", "stacks", "--format", "ics", "--today", "2026-11-25")
    anyport(
        "catalog",
        "calendar",
        "stacks",
        "--format",
        "ics",
        "--today",
        "2026-11-25",
        "--output",
        tmp_path / "x",
    )
    assert (tmp_path / "x").read_bytes().decode() == one.out
    other = anyport("catalog", "calendar", "stacks", "--format", "ics", "--today", "2026-11-26")
    assert one.out.replace("20261125T000000Z", "20261126T000000Z") == other.out


def hostile() -> Calendar:
    long = "ß€😀 " * 60
    event = Event(
        "k", date(2028, 2, 29), "model_retirement", f"a,b;c\\d\ne\x07{long}", "x\r\ny", False, long, ("p:q",)
    )
    return Calendar((event,), (Undated("model", "p", 'say "no"; then, stop'),))


@pytest.mark.parametrize(
    "made",
    [catalog_calendar(load()), catalog_calendar(load_folder(STATES / "new")), hostile(), Calendar()],
    ids=["catalog", "state", "hostile", "empty"],
)
def test_the_text_is_as_rfc_5545_wants_it(made: Calendar) -> None:
    text = ics(made, DAY, (90, 30))
    check_rfc_5545(text)
    read = icalendar.Calendar.from_ical(text)
    events = read.walk("VEVENT")
    assert len(events) == len(made.events)
    for entry, event in zip(events, made.events, strict=True):
        assert entry.decoded("dtstart") == event.day
        assert entry.decoded("dtend") == event.day + timedelta(days=1)
        assert entry.decoded("dtstamp") == datetime(2026, 11, 25, tzinfo=UTC)
        assert str(entry["status"]) == ("CONFIRMED" if event.certain else "TENTATIVE")
        alarms = [alarm.decoded("trigger") for alarm in entry.walk("VALARM")]
        assert alarms == ([timedelta(days=-90), timedelta(days=-30)] if event.day > DAY else [])


def test_hostile_text_comes_back_whole() -> None:
    entry = icalendar.Calendar.from_ical(ics(hostile(), DAY, ())).walk("VEVENT")[0]
    assert str(entry["summary"]).startswith("a,b;c\\d e\\u{7}ß€😀 ")
    assert "😀" in str(entry["description"])


def test_an_entry_keeps_its_identity_when_its_day_moves() -> None:
    def uids(day: date) -> list[str]:
        event = Event("k", day, "model_retirement", "t", "", True, "s")
        return re.findall(r"^UID:(.*)\r$", ics(Calendar((event,)), DAY, ()), re.MULTILINE)

    assert uids(date(2027, 1, 1)) == uids(date(2028, 1, 1))
    assert len(set(re.findall(r"UID:(.*)", ics(catalog_calendar(load()), DAY, ())))) == len(
        catalog_calendar(load()).events
    )


def test_alarms_may_be_chosen(anyport: Anyport, stack: Checkout) -> None:
    ended = anyport("catalog", "calendar", "stacks", "--format", "ics", "--today", str(DAY), "--alarm", "7")
    assert set(re.findall(r"TRIGGER:(.*)\r", ended.out)) == {"-P7D"}


def test_without_the_package_one_sentence_says_how_to_get_it(
    anyport: Anyport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "icalendar", None)
    ended = anyport("catalog", "calendar", "--format", "ics")
    assert (ended.code, ended.out) == (2, "")
    assert "pip install 'anyport[calendar]'" in ended.err
    assert anyport("catalog", "calendar").code == 0


def check_rfc_5545(text: str) -> None:
    """Written from the RFC: line ends, folding by octets, escapes, and what each component must and may hold."""
    assert text.endswith("END:VCALENDAR\r\n")
    raw = text.encode()
    assert raw.count(b"\r\n") == raw.count(b"\n") == raw.count(b"\r")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character is cut in two
    content = raw.decode().replace("\r\n ", "").split("\r\n")[:-1]
    stack: list[tuple[str, list[str]]] = []
    components = []
    for line in content:
        name, _, value = line.partition(":")
        name = name.partition(";")[0]
        assert re.fullmatch(r"[A-Z-]+", name), line
        if name == "BEGIN":
            stack.append((value, []))
        elif name == "END":
            component, held = stack.pop()
            assert component == value
            components.append((component, held))
        else:
            stack[-1][1].append(name)
            assert not re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value)
            if name in {"SUMMARY", "DESCRIPTION", "NAME", "X-WR-CALNAME"}:
                assert not re.search(r"(?<!\\)(?:\\\\)*[;,]|(?<!\\)(?:\\\\)*\\[^\\;,nN]", value), line
    assert stack == []
    required = {
        "VCALENDAR": {"PRODID", "VERSION"},
        "VEVENT": {"UID", "DTSTAMP", "DTSTART"},
        "VJOURNAL": {"UID", "DTSTAMP"},
        "VALARM": {"ACTION", "DESCRIPTION", "TRIGGER"},
    }
    assert {name for name, _ in components} > {"VCALENDAR"}
    for name, held in components:
        assert required[name] <= set(held)
        assert len(held) == len(set(held))
