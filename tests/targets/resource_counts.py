"""`docs/resource-counts.md`: how many resources a target registers, and what each option adds.

Counted by building the cases, so it cannot disagree with the components. Run as a script it prints the page.
"""

from __future__ import annotations

import sys
from collections import Counter

from recorder import Case, cases, record_case

from anyport.targets.registry import provider_names

__all__ = ["counts_markdown"]

HEAD = """\
# What a preview costs

The time of a preview follows the number of resources, those of azure-native above all. The tables count what
the engine registers for one target, its own component left out; reads count too, and so do explicit providers, which
all targets of one account and place share.
The first line of a table is the smallest target; every other line is a case of `tests/targets/cases`, and what it
has beyond the smallest. Nothing optional is made unless it is asked for. (Generated; `make docs` renews this page.)
"""


def counts_markdown() -> str:
    """The page."""
    parts = [HEAD]
    for provider in provider_names():
        parts.append(f"## `{provider}`\n")
        parts.append("| case | options | resources | more than the smallest | fewer |\n|---|---|---|---|---|")
        first: Counter[str] | None = None
        for case in cases(provider):
            found = kinds(case)
            first = first if first is not None else found
            options = ", ".join(f"`{name}`" for name in case.options) or "-"
            more, fewer = words(found - first), words(first - found)
            parts.append(f"| {case.name} | {options} | {found.total()} | {more} | {fewer} |")
        parts.append("")
    return "\n".join(parts)


def kinds(case: Case) -> Counter[str]:
    """How many of each kind."""
    return Counter(resource.type.rpartition(":")[2] for resource in record_case(case))


def words(found: Counter[str]) -> str:
    return (
        ", ".join(f"{number} {kind}" if number > 1 else kind for kind, number in sorted(found.items())) or "-"
    )


if __name__ == "__main__":
    sys.stdout.write(counts_markdown())
