"""What was found, as a person or a pipeline reads it. Pure: no clock, no network, no Pulumi, no command line."""

from __future__ import annotations

from collections.abc import Callable

from .github import github
from .gitlab import gitlab
from .junit import junit
from .machine import machine
from .markdown import markdown
from .model import Change, Entry, Preview, Report
from .sarif import sarif
from .text import text

__all__ = ["FORMATS", "Change", "Entry", "Preview", "Report"]

FORMATS: dict[str, Callable[[Report], str]] = {
    "text": text,
    "json": machine,
    "junit": junit,
    "sarif": sarif,
    "markdown": markdown,
    "github": github,
    "gitlab": gitlab,
}
"""Renderers by the name that `--format` takes. Each gives the whole text, ending in a newline unless empty."""
