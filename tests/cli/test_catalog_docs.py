"""The page about the catalog: its commands run, and say what it shows."""

from __future__ import annotations

import re
from pathlib import Path

from check_runs import Anyport, Checkout

PAGE = Path(__file__).parents[2] / "docs" / "catalog.md"


def test_the_examples_are_what_the_commands_print(checkout_of: Checkout, anyport: Anyport) -> None:
    page = PAGE.read_text("utf-8")
    (spec,) = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    checkout_of.write("Pulumi.docs.yaml", spec)
    examples = re.findall(
        r"^```console\n(?:\.venv/bin/)?anyport (.*?)\n```\n\n```text\n(.*?)^```",
        page,
        re.MULTILINE | re.DOTALL,
    )
    assert len(examples) == 3
    for command, shown in examples:
        ended = anyport(*command.split())
        assert ended.code == 0, ended
        printed = iter(ended.out.splitlines())
        for line in shown.splitlines():
            if line.strip() in {"…", ""}:
                continue
            start = line.partition("…")[0]
            assert any(one.startswith(start) if "…" in line else one == line for one in printed), line


def test_every_option_is_on_the_page(anyport: Anyport) -> None:
    page = PAGE.read_text("utf-8")
    for command in ("show", "diff", "calendar", "successors"):
        options = re.findall(r"^  (--[a-z-]+)", anyport("catalog", command, "--help").out, re.MULTILINE)
        assert options
        for option in set(options) - {"--help", "--output"}:
            assert option in page, f"{command} {option}"
