"""A spec without a fallback is refused by the engine before anything of it exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from engine_project import Finished, Project, ProjectMaker, done, environment, kill_all, run

pytestmark = pytest.mark.engine

PACK = ("resilience",)
SPEC = """\
config:
  anyport:tier: {tier}
  anyport:owner: ai-platform
  anyport:cost_center: cc-1234
  anyport:providers:
    vertex_ai: {{project: anyport-sandbox}}
    oci_generative_ai: {{compartment_id: ocid1.compartment.oc1..sandbox, home_region: us-ashburn-1}}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      targets:
"""
EAST = "        azure-east: {priority: 1, provider: azure_openai, region: eastus2}\n"
SOUTH = "        azure-south: {priority: 2, provider: azure_openai, region: southcentralus}\n"
IOWA = "        azure-central: {priority: 1, provider: azure_openai, region: centralus}\n"
IOWA_TOO = "        vertex: {priority: 2, provider: vertex_ai, region: us-central1}\n"
CHICAGO = "        oci: {priority: 2, provider: oci_generative_ai, region: us-chicago-1}\n"

THIRD = CHICAGO.replace("priority: 2", "priority: 3")


def spec(*targets: str, tier: str = "prod") -> str:
    return SPEC.format(tier=tier) + "".join(targets)


def refused(finished: Finished, code: str) -> None:
    assert finished.returncode != 0, finished.text
    assert "[mandatory]" in finished.text
    assert code in finished.text
    assert "Traceback" not in finished.text


def nothing_exists(project: Project) -> None:
    assert project.in_clouds() == []
    assert [r["type"] for r in project.resources() if r["type"] != "pulumi:pulumi:Stack"] == []


def test_one_region_is_refused_at_preview(project: ProjectMaker) -> None:
    stack = project(spec(IOWA, IOWA_TOO)).init()
    said = stack.preview(packs=PACK)
    refused(said, "AR001")
    assert "AR002" not in said.text
    assert "endpoint chat has no fallback region" in said.text
    assert re.search(r"add a target in another failure domain, such as \S+", said.text)
    nothing_exists(stack)


def test_one_region_is_refused_by_up_before_anything_exists(project: ProjectMaker) -> None:
    """Without the preview that usually refuses first."""
    stack = project(spec(IOWA, IOWA_TOO)).init()
    refused(stack.up(packs=PACK), "AR001")
    nothing_exists(stack)


def test_one_provider_is_refused_at_preview(project: ProjectMaker) -> None:
    stack = project(spec(EAST, SOUTH)).init()
    said = stack.preview(packs=PACK)
    refused(said, "AR002")
    assert "AR001" not in said.text
    assert "endpoint chat has no fallback provider" in said.text
    assert re.search(r"add a target at another operator, such as \S+", said.text)
    nothing_exists(stack)


def test_two_regions_and_providers_pass(project: ProjectMaker) -> None:
    """With one stack for two vendors there is advice to split it, and nothing more."""
    said = done(project(spec(EAST, SOUTH, THIRD)).init().preview(packs=(*PACK, "baseline")))
    assert set(re.findall(r"AR\d{3}", said.text)) == {"AR009"}
    assert "[mandatory]" not in said.text
    assert "anyport-resilience" in said.text
    assert "anyport-baseline" in said.text


def test_one_target_for_both_losses_is_refused_in_prod(project: ProjectMaker) -> None:
    stack = project(spec(EAST, CHICAGO)).init()
    said = stack.preview(packs=PACK)
    refused(said, "AR003")
    assert "both hang on oci" in said.text
    nothing_exists(stack)


def test_parameters_and_levels_come_by_the_engines_own_option_too(
    project: ProjectMaker, tmp_path: Path
) -> None:
    """`--policy-pack-config` wins over what the packs read themselves."""
    config = tmp_path / "config.json"
    config.write_text('{"distinct-fallbacks": "advisory", "warm-standby": {"restore_minutes": 5}}')
    cold = THIRD.replace("us-chicago-1", "us-chicago-1, standby: cold, restore_minutes: 30")
    stack = project(spec(EAST, SOUTH, cold)).init()
    said = stack.preview("--policy-pack-config", str(config), packs=PACK)
    refused(said, "AR008")
    assert "takes 30 minutes to restore; the limit is 5" in said.text
    done(project(spec(EAST, CHICAGO)).init().preview("--policy-pack-config", str(config), packs=PACK))


def test_dev_is_advised_and_not_refused(project: ProjectMaker) -> None:
    said = done(project(spec(IOWA, IOWA_TOO, tier="dev")).init().preview(packs=PACK))
    assert "[advisory]" in said.text
    assert "[mandatory]" not in said.text
    assert "AR001" in said.text


def test_the_sandbox_itself_passes_by_the_documented_command(checkout: Path, tmp_path: Path) -> None:
    """As people type it, in the checkout; only the backend and the clouds are elsewhere."""
    stack_file = checkout / "stacks" / "Pulumi.sandbox.yaml"
    before = stack_file.read_bytes()
    (tmp_path / "backend").mkdir()
    env = environment(checkout, tmp_path) | {"PWD": str(checkout)}
    typed = "preview -s sandbox --policy-pack ../policies/resilience --non-interactive"
    try:
        done(run(["pulumi", "-C", str(checkout / "sandbox"), "stack", "init", "sandbox"], env, tmp_path))
        said = done(run(["pulumi", "-C", str(checkout / "sandbox"), *typed.split()], env, tmp_path))
    finally:
        kill_all(tmp_path)
        after = stack_file.read_bytes()
    assert re.search(r"\d+ to create", said.text)
    assert "[mandatory]" not in said.text
    assert "anyport-resilience" in said.text
    assert after == before
