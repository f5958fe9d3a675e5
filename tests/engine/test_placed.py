"""What `anyport plan` shows of a placement is what `pulumi up` builds, by one policy configuration."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner
from engine_project import Project, ProjectMaker, done

from anyport_cli.main import cli

pytestmark = pytest.mark.engine

STACK = """\
config:
  anyport:tier: prod
  anyport:owner: ai-platform
  anyport:cost_center: cc-1
  anyport:providers:
    vertex_ai: {project: anyport-sandbox}
    oci_generative_ai: {compartment_id: ocid1.compartment.oc1..sandbox, home_region: us-ashburn-1}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      features: [streaming, tools]
      residency: [us]
      placement: {failure_domains: 3}
"""
TWO = {"allowed-operators": {"operators": ["Microsoft", "Google"]}}


def planned(project: Project) -> dict[str, str]:
    """Target → operator, as the command says."""
    path = str(project.stacks / "Pulumi.x.yaml")
    said = CliRunner().invoke(
        cli, ["plan", path, "--format", "json", "--today", str(datetime.now(UTC).date())]
    )
    [endpoint] = json.loads(said.stdout)["plans"][path]["endpoints"]
    return {target["name"]: target["operator"] for target in endpoint["targets"]}


def built(project: Project) -> list[str]:
    contract: dict[str, Any] = project.outputs()["endpoints"]["chat"]
    return [target["target"] for target in contract["targets"]]


def test_up_builds_what_plan_shows_within_the_policy_configuration(project: ProjectMaker) -> None:
    one = project(files={"Pulumi.x.yaml": STACK}).init()
    free = planned(one)
    assert set(free.values()) == {"Google", "Oracle", "Microsoft"}
    config = one.stacks / "policy-config.json"
    config.write_text(json.dumps(TWO), "utf-8")
    bound = planned(one)
    assert set(bound.values()) == {"Google", "Microsoft"}
    packs = {"ANYPORT_POLICY_CONFIG": str(config)}  # the packs are those of another checkout
    said = done(one.up(packs=("resilience", "baseline"), env=packs))
    assert "[mandatory]" not in said.text
    assert built(one) == list(bound)


def test_a_wrong_policy_configuration_ends_up_in_one_sentence(project: ProjectMaker) -> None:
    one = project(files={"Pulumi.x.yaml": STACK}).init()
    (one.stacks / "policy-config.json").write_text('{"model-retirement": {"days": -5}}', "utf-8")
    said = one.up()
    assert said.returncode != 0
    assert "AP104 model-retirement.days: must be greater than or equal to 0" in said.text
    assert "Traceback" not in said.text
