"""Nothing that a checked file says acts on who or what reads the report: judged by parsers, not by eye."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from report_cases import HOSTILE, entry, hostile, report

from anyport_policies.report import FORMATS
from anyport_policies.report.escape import code, github_data, github_property, plain
from anyport_policies.report.markdown import LONGEST, MARKER, markdown

NASTY = (
    st.text(max_size=30) | st.text(alphabet="`\\*_[]()<>!@#|~:/%&\r\n\t ;a1-", max_size=40) | st.just(HOSTILE)
)
LINES = settings(derandomize=True, max_examples=200, deadline=None)
OWN_TAGS = {"h3", "h4", "p", "ul", "li", "strong", "code", "br", "details", "summary"}
COMMANDS = re.compile(r"\s*(::|##\[)")


class Page(HTMLParser):
    """Collects the tags, and the text outside of code."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[object] = []
        self.open: list[str] = []
        self.outside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            self.open.remove(tag)

    def handle_data(self, data: str) -> None:
        if "code" not in self.open:
            self.outside += data


def page(text: str) -> Page:
    """As GitHub renders: CommonMark with HTML let through and bare links made."""
    found = Page()
    found.feed(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))
    return found


@LINES
@given(NASTY)
def test_markdown_shows_text_and_nothing_else(text: str) -> None:
    found = page(markdown(hostile(text)))
    assert found.tags <= OWN_TAGS
    assert found.attributes == []
    assert "@" not in found.outside
    assert "evil" not in found.outside
    assert "://" not in found.outside


def test_markdown_of_hostile_text_still_says_it() -> None:
    text = markdown(hostile())
    assert text.startswith(f"{MARKER}\n")
    assert "alert(1)" in text
    assert not any(re.match(r"\s*/", line) for line in text.splitlines())


@LINES
@given(NASTY)
def test_a_code_span_is_one_span_of_one_line(text: str) -> None:
    (block,) = [t for t in MarkdownIt("commonmark").parse(f"x {code(text)} y") if t.type == "inline"]
    kinds = [child.type for child in block.children or []]
    assert kinds == ["text", "code_inline", "text"]
    assert "\n" not in code(text)


def test_a_code_span_shows_what_was_written() -> None:
    for text in ("a`b", "``", "`", " x ", "a|b", "<b>"):
        (block,) = [t for t in MarkdownIt("commonmark").parse(f"x {code(text)}") if t.type == "inline"]
        assert block.children is not None
        assert block.children[-1].content == text


@LINES
@given(NASTY)
@pytest.mark.parametrize("name", ["text", "github"])
def test_a_log_of_a_pipeline_takes_no_line_for_a_command_that_is_not_ours(name: str, text: str) -> None:
    shown = FORMATS[name](hostile(text))
    commands = [
        line for line in re.split(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", shown) if COMMANDS.match(line)
    ]
    if name == "text":
        assert commands == []
    else:
        assert all(re.match(r"::(error|warning|notice) [^\n]*::", line) for line in commands)
        assert len(commands) == len(shown.splitlines()) == 7


@LINES
@given(NASTY)
def test_github_escaping_is_undone_by_the_runner_to_the_same_text(text: str) -> None:
    """The runner's own table, backwards."""
    data, value = github_data(text), github_property(text)
    assert not set(data) & set("\r\n")
    assert not set(value) & set("\r\n:,")
    undone = data.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert undone == plain(text)
    undone = (
        value.replace("%0D", "\r")
        .replace("%0A", "\n")
        .replace("%3A", ":")
        .replace("%2C", ",")
        .replace("%25", "%")
    )
    assert undone == plain(text)


@LINES
@given(NASTY)
def test_a_terminal_gets_no_control_character(text: str) -> None:
    shown = FORMATS["text"](hostile(text))
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", shown) is None


@LINES
@given(NASTY)
def test_machine_formats_stay_readable(text: str) -> None:
    for name in ("json", "sarif", "gitlab"):
        json.loads(FORMATS[name](hostile(text)))
    ET.fromstring(FORMATS["junit"](hostile(text)))
    for name, render in FORMATS.items():
        render(hostile(text)).encode("utf-8"), name


def test_plain_leaves_ordinary_text_alone() -> None:
    for text in ("", "a b", "café 東京 €", "a`b|c"):
        assert plain(text) == text
    assert plain("a\n b\r\nc") == "a b c"
    assert plain("\x1b[0m\u202e") == "\\u{1b}[0m\\u{202e}"


def test_a_long_comment_is_cut_and_says_so() -> None:
    long = markdown(report(*(entry(line, message="x" * 500) for line in range(1, 400))))
    assert len(long) < LONGEST + 200
    assert "does not fit" in long
    folded = markdown(report(*(entry(line, message="x" * 500, level="note") for line in range(1, 400))))
    assert folded.count("<details>") == folded.count("</details>") == 1
