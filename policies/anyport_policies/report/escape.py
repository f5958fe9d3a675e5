"""Text of others made harmless: nothing that a checked file says can act on who or what reads a report."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["code", "github_data", "github_property", "plain", "xml_text"]

_SUSPECT = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str) -> str:
    r"""One line. Control, bidirectional, private and unassigned characters are shown as `\u{…}`, since they
    can move a terminal's cursor, turn a line around or hide what it says; line breaks become blanks.
    """
    if text.isprintable():  # none of the suspects is
        return text
    text = re.sub(r"\s*[\r\n]\s*", " ", text)
    return "".join(c if unicodedata.category(c) not in _SUSPECT else f"\\u{{{ord(c):x}}}" for c in text)


def code(text: str, longest: int = 600) -> str:
    """A Markdown code span, in which nothing is a link, a mention, an image or HTML.

    Args:
        text: anything.
        longest: characters shown; the rest is cut.
    """
    shown = plain(text)
    if len(shown) > longest:
        shown = shown[: longest - 1] + "…"
    if not shown.strip():
        return "` `"
    fence = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def github_data(text: str) -> str:
    """The message of a workflow command."""
    return plain(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """A property of a workflow command."""
    return github_data(text).replace(":", "%3A").replace(",", "%2C")


def xml_text(text: str) -> str:
    """Only characters that XML 1.0 can hold; markup is left to the writer."""
    return plain(text).replace("\ufffe", "").replace("\uffff", "")
