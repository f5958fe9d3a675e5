"""What a changed option does to what exists, as the real engine foretells it; and what drift it can see.

The rows are in `tests/targets/steps/<provider>.yaml`. All rows of a provider are targets of one stack, so the
engine runs three times per provider: up, preview of every change at once, refresh after every drift at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from engine_project import Project, ProjectMaker, done

pytestmark = pytest.mark.engine

TARGETS = Path(__file__).parents[1] / "targets"
PROVIDERS = sorted(path.stem for path in (TARGETS / "steps").glob("*.yaml"))
WIDE = {
    "ANYPORT_SANDBOX_AZURE_QUOTA": "100000",
    "ANYPORT_SANDBOX_GCP_QUOTA": "100000",
    "ANYPORT_SANDBOX_OCI_LIMIT": "100000",
}
PROGRAM = f"""\
import json, sys
from pathlib import Path

sys.path.insert(0, {str(TARGETS)!r})
from recorder import Case

from anyport.targets.base import TargetArgs
from anyport.targets.registry import component_class

for row in json.loads((Path(__file__).parent / "rows.json").read_text()):
    planned = Case(**row["case"]).planned()
    args = TargetArgs(row["name"], planned.targets[0], {{"owner": "ai"}}, planned.tier, planned.today)
    component_class(planned.targets[0].provider)(row["name"], args)
"""
STACK = """\
config:
  gcp:project: anyport-sandbox
  secrets:vllm_api_key: made-up
  secrets:hf_token: made-up
"""


def rows(provider: str) -> list[dict[str, Any]]:
    """The rows with their targets before and after: `name`, `before`, `after`."""
    cases = yaml.safe_load((TARGETS / "cases" / f"{provider}.yaml").read_text("utf-8"))
    found = []
    for number, row in enumerate(yaml.safe_load((TARGETS / "steps" / f"{provider}.yaml").read_text("utf-8"))):
        before = {"provider": provider, "name": row["from"], **cases[row["from"]]}
        options = {**before.get("options", {}), **row.get("options", {})}
        kept = {key: value for key, value in options.items() if value is not None}
        after = {**before, **row.get("case", {}), "options": kept}
        found.append({**row, "name": f"r{number}", "before": before, "after": after})
    return found


def write(stack: Project, chosen: list[dict[str, Any]], which: str, only: str = "") -> None:
    """The program's rows; with `only`, every other row stays as it was."""
    made = [
        {"name": row["name"], "case": row[which if only in ("", row["name"]) else "before"]} for row in chosen
    ]
    (stack.stacks / "rows.json").write_text(json.dumps(made), "utf-8")


def steps(text: str) -> dict[str, dict[str, str]]:
    """Row → resource → what happens to it; resources that stay the same are left out."""
    found: dict[str, dict[str, str]] = {}
    for step in json.loads(text)["steps"]:
        row, _, resource = step["urn"].rpartition("::")[2].partition("-")
        operation = "replace" if "replace" in step["op"] else step["op"]
        if resource and operation not in ("same", "read", "refresh"):
            found.setdefault(row, {})[resource] = operation
    return found


def started(project: ProjectMaker, chosen: list[dict[str, Any]]) -> Project:
    stack = project(files={"Pulumi.x.yaml": STACK, "__main__.py": PROGRAM, "rows.json": "[]"}).init()
    stack.environment |= WIDE
    write(stack, chosen, "before")
    done(stack.up())
    return stack


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_changed_option_gives_the_intended_step(provider: str, project: ProjectMaker) -> None:
    chosen = [row for row in rows(provider) if "steps" in row]
    stack = started(project, chosen)
    assert steps(done(stack.preview("--json")).stdout) == {}, "an unchanged program must change nothing"
    write(stack, chosen, "after")
    found = steps(done(stack.preview("--json")).stdout)
    expected = {row["change"]: row["steps"] for row in chosen}
    assert {row["change"]: found.get(row["name"], {}) for row in chosen} == expected


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_protected_is_not_replaced(provider: str, project: ProjectMaker) -> None:
    chosen = [row for row in rows(provider) if "refused" in row]
    if not chosen:
        assert provider not in ("azure_openai", "vertex_ai", "oci_generative_ai")
        return
    stack = started(project, chosen)
    for row in chosen:
        write(stack, chosen, "after", row["name"])
        said = stack.preview()
        assert said.returncode != 0, row["change"]
        assert row["refused"] in said.text, row["change"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_drift_shows_on_refresh_where_the_real_provider_sees_it(provider: str, project: ProjectMaker) -> None:
    chosen = [row for row in rows(provider) if "drift" in row]
    stack = started(project, chosen)
    for row in chosen:
        change_in_the_cloud(stack, f"{row['name']}-{row['resource']}", row["set"])
    found = steps(done(stack.pulumi("refresh", "--preview-only", "--json", "--suppress-progress")).stdout)
    seen = {row["drift"]: row["resource"] in found.get(row["name"], {}) for row in chosen}
    assert seen == {row["drift"]: row["seen"] for row in chosen}


def change_in_the_cloud(stack: Project, name: str, values: dict[str, Any]) -> None:
    """As someone in a portal would; None removes the whole resource."""
    for path in stack.clouds.glob("*.json"):
        cloud = json.loads(path.read_text("utf-8"))
        for key, record in list(cloud["resources"].items()):
            if not record["urn"].endswith(f"::{name}"):
                continue
            if values is None:
                del cloud["resources"][key]
            for place, value in (values or {}).items():
                for side in (record["inputs"], record["outputs"]):
                    put(side, place.split("."), value)
            path.write_text(json.dumps(cloud), "utf-8")
            return
    raise AssertionError(f"no cloud has {name}")


def put(inside: dict[str, Any], place: list[str], value: Any) -> None:
    for key in place[:-1]:
        inside = inside.setdefault(key, {})
    inside[place[-1]] = value
