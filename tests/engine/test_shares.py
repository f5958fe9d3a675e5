"""One spec, several stacks: each builds its share, and the policies judge the whole."""

from __future__ import annotations

import pytest
from engine_project import Project, ProjectMaker, done

pytestmark = pytest.mark.engine

SHARED = """\
tier: prod
owner: ai-platform
cost_center: cc-1234
providers:
  oci_generative_ai: {compartment_id: ocid1.compartment.oc1..sandbox, home_region: us-ashburn-1}
endpoints:
  chat:
    model: gpt-oss-120b
    targets:
      azure: {priority: 1, provider: azure_openai, region: eastus2}
      south: {priority: 2, provider: azure_openai, region: southcentralus}
      oci: {priority: 3, provider: oci_generative_ai, region: us-chicago-1}
"""
SHARE = """\
config:
  anyport:spec: shared.yaml
  anyport:build: {{providers: [{provider}]}}
"""
PACKS = ("resilience",)


@pytest.fixture
def shared(project: ProjectMaker) -> Project:
    shares = {"azure": "azure_openai", "oci": "oci_generative_ai", "wrong": "azure_open"}
    stack_files = {f"Pulumi.{name}.yaml": SHARE.format(provider=p) for name, p in shares.items()}
    return project(files={"shared.yaml": SHARED, **stack_files})


def test_each_stack_builds_its_share(shared: Project) -> None:
    shares = (
        ("azure", ["azure", "south"], ["oci"], "azure-native:"),
        ("oci", ["oci"], ["azure", "south"], "oci:"),
    )
    for stack, own, others, own_types in shares:
        before = set(shared.in_clouds())
        shared.init(stack)
        said = done(shared.up(packs=PACKS, stack=stack))
        assert "anyport-resilience" in said.text, "one provider is built here, but the spec has two"
        assert "AR00" not in said.text
        contract = shared.outputs(stack)["endpoints"]["chat"]
        assert [target["target"] for target in contract["targets"]] == own
        assert contract["elsewhere"] == others
        made = set(shared.in_clouds()) - before
        assert made
        assert all(kind.startswith(own_types) for kind in made), made


def test_a_share_the_spec_does_not_have_is_told(shared: Project) -> None:
    said = shared.init("wrong").preview(stack="wrong")
    assert said.returncode != 0, said.text
    assert "stacks/Pulumi.wrong.yaml:3:" in said.text
    assert "AP302" in said.text
    assert "azure_open" in said.text
    assert "azure_openai" in said.text
    assert "Traceback" not in said.text
    assert shared.in_clouds() == []
