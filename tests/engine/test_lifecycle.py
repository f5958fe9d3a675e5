"""A stack's life under the real engine: built in part, completed, changed, drifted, destroyed, refused."""

from __future__ import annotations

import json

import pytest
from engine_project import Project, ProjectMaker, done

pytestmark = pytest.mark.engine

SPEC = """\
config:
  anyport:tier: prod
  anyport:owner: ai-platform
  anyport:providers:
    oci_generative_ai: {compartment_id: ocid1.compartment.oc1..sandbox, home_region: us-ashburn-1}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2, options: {capacity: 10}}
        oci: {priority: 2, provider: oci_generative_ai, region: us-chicago-1}
"""
REFUSAL = "404-NotAuthorizedOrNotFound, the drill says no"
ACCOUNT = "azure-native:cognitiveservices:Account"


def test_the_life_of_a_stack(project: ProjectMaker) -> None:
    """One stack through all of it, since each step needs what the one before it left."""
    stack = project(SPEC).init()
    a_failed_target_leaves_the_others(stack)
    the_next_up_completes(stack)
    a_third_changes_nothing(stack)
    more_capacity_is_an_update_in_place(stack)
    a_change_behind_pulumis_back_shows(stack)
    destroy_leaves_nothing(stack)


def a_failed_target_leaves_the_others(stack: Project) -> None:
    fault = {"cloud": "oci", "type": "oci:Identity/policy:Policy", "operation": "create"}
    faults = json.dumps([fault | {"times": 1, "message": REFUSAL}])
    said = stack.up("--continue-on-error", env={"ANYPORT_SANDBOX_FAULTS": faults})
    assert said.returncode != 0, said.text
    assert "chat-oci-policy" in said.text
    assert REFUSAL in said.text
    assert "Traceback" not in said.text
    built = stack.in_clouds()
    assert ACCOUNT in built
    assert "azure-native:authorization:RoleAssignment" in built
    assert not [kind for kind in built if kind.startswith("oci:")]


def the_next_up_completes(stack: Project) -> None:
    said = done(stack.up())
    assert "chat-oci-policy" in said.text
    assert "chat-azure-account" not in said.text, "what was built is left alone"
    assert "oci:Identity/policy:Policy" in stack.in_clouds()
    endpoint = stack.outputs()["endpoints"]["chat"]
    assert [target["target"] for target in endpoint["targets"]] == ["azure", "oci"]


def a_third_changes_nothing(stack: Project) -> None:
    before = stack.in_clouds()
    done(stack.up("--expect-no-changes"))
    assert stack.in_clouds() == before


def more_capacity_is_an_update_in_place(stack: Project) -> None:
    stack.edit("Pulumi.x.yaml", "capacity: 10", "capacity: 25")
    plan = json.loads(done(stack.preview("--json")).stdout)
    changed = {step["urn"].rpartition("::")[2]: step["op"] for step in plan["steps"] if step["op"] != "same"}
    # The endpoint's own facts hold what each target can carry, which policies judge.
    assert changed == {"chat": "update", "chat-azure-deployment": "update"}
    done(stack.up())
    (deployment,) = [r for r in stack.cloud("azure-native")["resources"].values() if "sku" in r["inputs"] and
                     r["type"] == "azure-native:cognitiveservices:Deployment"]  # fmt: skip
    assert deployment["inputs"]["sku"]["capacity"] == 25


def a_change_behind_pulumis_back_shows(stack: Project) -> None:
    """Someone re-tags the account and deletes the policy; refresh sees both."""
    for cloud in ("azure-native", "oci"):
        path = stack.clouds / f"{cloud}.json"
        known = json.loads(path.read_text("utf-8"))
        for key, record in list(known["resources"].items()):
            if record["type"] == ACCOUNT:
                record["inputs"]["tags"]["owner"] = record["outputs"]["tags"]["owner"] = "someone-else"
            if record["type"] == "oci:Identity/policy:Policy":
                del known["resources"][key]
        path.write_text(json.dumps(known), "utf-8")
    said = done(stack.refresh())
    assert "chat-azure-account updated" in said.text
    assert "chat-oci-policy deleted" in said.text
    urns = [resource["urn"] for resource in stack.resources()]
    assert not [urn for urn in urns if urn.endswith("chat-oci-policy")]


def destroy_leaves_nothing(stack: Project) -> None:
    done(stack.destroy())
    assert stack.in_clouds() == []
    assert stack.resources() == []
    gone = json.dumps(stack.cloud("azure-native")["deleted"])
    assert "microsoft.cognitiveservices/accounts" in gone.lower(), "Azure keeps accounts soft-deleted"


WRONG = {
    "unknown region and key": (
        SPEC.replace("eastus2", "eastus22").replace("anyport:tier: prod", "anyport:tier: prod\n  anyport:teir: dev"),
        ("stacks/Pulumi.x.yaml:3:", "AP101", "stacks/Pulumi.x.yaml:11:", "AP202", "did you mean eastus2?"),
    ),
    "missing setting": (
        SPEC.replace("compartment_id: ocid1.compartment.oc1..sandbox, ", "").replace("azure: ", "azure2: "),
        ("AP303", "compartment_id", "anyport:providers.oci_generative_ai.compartment_id"),
    ),
    "missing secret": (
        SPEC.replace(
            "oci: {priority: 2, provider: oci_generative_ai, region: us-chicago-1}",
            "cw: {priority: 2, provider: coreweave_vllm, region: US-EAST-04, instance_type: gd-8xh100ib-i128, "
            f"options: {{domain: vllm.example.com, image: vllm/vllm-openai@sha256:{'a' * 64}}}}}",
        ),
        ("AP304", "config:secrets:vllm_api_key", "pulumi config set --secret secrets:vllm_api_key"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_spec_is_told_in_sentences(project: ProjectMaker, mistake: str) -> None:
    text, words = WRONG[mistake]
    stack = project(text).init()
    said = stack.preview()
    assert said.returncode != 0, said.text
    for word in words:
        assert word in said.text, said.text
    assert "Traceback" not in said.text
    assert ".py" not in said.text
    assert stack.in_clouds() == []
