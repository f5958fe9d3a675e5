"""`docs/fidelity.md`: what was checked against which description. Run as a script it prints the page."""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from importlib import metadata, util
from pathlib import Path

from entry import entries
from recorded import SKIPPED, found, requests
from validate import leaves

__all__ = ["fidelity_markdown", "unused_exceptions"]

PACKAGES = {
    "azure_native": ("Azure", "pulumi-azure-native"),
    "gcp": ("Google Cloud", "pulumi-gcp"),
    "oci": ("OCI", "pulumi-oci"),
}
EVERYWHERE = {"subscriptionId"}
"""Supplied in a whole package, needed by most of its types."""
HEAD = """\
# How true the components are to the clouds' own descriptions

No cloud account is needed to know whether a cloud would take a request: each publishes a description of its API,
and ships it in a package. Every resource of every case in `tests/targets/cases` is turned into the request that
it becomes, and checked: names, types, required fields, allowed values, patterns and lengths, and that nothing is
sent that only the cloud sets. Each request is then spoilt in every way its description allows, one mistake at a
time, and every mistake must be found. (Generated; `make docs` renews this page.)

What this does not prove: rules that no description states (a model missing from a region, quota, names taken
by somebody else), and bounds that stand only in prose. Azure calls most enums extensible; here a value that
Azure has not published is a mistake. Where the two API versions of a line differ, a field or a value that only the
newer one knows would pass here and be refused there; the types of the SDK stop the fields, nothing stops the values.
"""


def unused_exceptions() -> list[str]:
    """Exceptions that no resource needs. Types that no case registers are left alone."""
    used: dict[str, set[str]] = defaultdict(set)
    for _, _, request in requests():
        used[request.entry.type] |= request.exceptions()
    return [
        f"{kind}: {name}"
        for kind, names in used.items()
        for entry in [entries()[kind]]
        for name in sorted({*entry.only_pulumi, *entry.loose, *entry.supplied} - names - EVERYWHERE)
    ]


def fidelity_markdown() -> str:
    """The page."""
    parts = [HEAD]
    totals = {package: _table(package) for package in PACKAGES}
    for package, (name, sdk) in PACKAGES.items():
        lines, checked, every = totals[package]
        share = f"{100 * checked / every:.1f} %" if every else "nothing"
        parts.append(
            f"## {name}\n\n{checked} of {every} argument values checked ({share}), sent by {sdk} {metadata.version(sdk)}.\n"
        )
        parts += lines
        parts += _exceptions(package)
        parts.append("")
    parts.append("## Left out\n")
    parts += [f"- `{provider}`: {reason}." for provider, reason in SKIPPED.items()]
    return "\n".join(parts) + "\n"


def _table(package: str) -> tuple[list[str], int, int]:
    resources, checked, every = Counter[str](), Counter[str](), Counter[str]()
    for _, resource, request in requests():
        if request.entry.package == package:
            some, all_of_them = request.checked()
            resources[resource.type] += 1
            checked[resource.type] += some
            every[resource.type] += all_of_them
    lines = [
        "| type | description | its API version | the SDK sends to | resources | values checked |",
        "|---|---|---|---|---|---|",
    ]
    for kind in sorted(resources):
        described = entries()[kind].described
        lines.append(
            f"| `{kind}` | {described.package} {described.version} | {described.api_version} | {_sent_to(kind)} "
            f"| {resources[kind]} | {checked[kind]} of {every[kind]} |"
        )
    unseen, values = Counter[str](), Counter[str]()
    for _, resource in found():
        entry = entries().get(resource.type)
        if entry and entry.undescribed and entry.package == package:
            unseen[resource.type] += 1
            values[resource.type] += sum(1 for _ in leaves(resource.inputs))
    lines += [
        f"| `{kind}` | none | - | {_sent_to(kind)} | {unseen[kind]} | 0 of {values[kind]} |"
        for kind in sorted(unseen)
    ]
    return lines, checked.total(), every.total() + values.total()


def _sent_to(kind: str) -> str:
    """The API version that azure-native names in its own docstring; the other two name none."""
    if not kind.startswith("azure-native:"):
        return "not stated"
    _, module, name = kind.split(":")
    found_at = util.find_spec("pulumi_azure_native")
    assert found_at
    assert found_at.origin
    file = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
    text = (Path(found_at.origin).parent / module / f"{file}.py").read_text("utf-8")
    stated = re.search(r"Azure REST API version ([\w-]+)", text)
    return stated.group(1) if stated else "not stated"


def _exceptions(package: str) -> list[str]:
    made = {resource.type for _, resource in found()}
    lines = []
    for kind, entry in entries().items():
        if entry.package == package and kind in made:
            if entry.undescribed:
                lines.append(f"- `{kind}`: {entry.undescribed}.")
            lines += [f"- `{kind}`, `{name}` is not sent: {why}." for name, why in entry.only_pulumi.items()]
            lines += [
                f"- `{kind}`, `{name}` is added: {why}."
                for name, why in entry.supplied.items()
                if name not in EVERYWHERE
            ]
            lines += [f"- `{kind}`, `{name}` takes anything: {why}." for name, why in entry.loose.items()]
    return ["", "Exceptions:", "", *lines] if lines else []


if __name__ == "__main__":
    sys.stdout.write(fidelity_markdown())
