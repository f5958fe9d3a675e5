"""The components in programs of one's own; and a secret that stays one."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path

import pytest
from engine_project import Project, ProjectMaker, done

pytestmark = pytest.mark.engine

KEY = "made-up-key-0123456789-of-the-tests"
ENDPOINT = """\
from datetime import date

import pulumi
from anyport.endpoint import InferenceEndpoint
from anyport.spec import EndpointSpec, TargetSpec

outer = pulumi.ComponentResource("shop:index:Platform", "platform")
oci = {"compartment_id": "ocid1.compartment.oc1..sandbox", "home_region": "us-ashburn-1"}
spec = EndpointSpec(
    model="gpt-oss-120b",
    targets={
        "oci": TargetSpec(priority=1, provider="oci_generative_ai", region="us-chicago-1", options=oci),
        "cw": TargetSpec(
            priority=2,
            provider="coreweave_vllm",
            region="US-EAST-04",
            instance_type="gd-8xh100ib-i128",
            options={"image": "vllm/vllm-openai@sha256:" + "a" * 64, "domain": "vllm.example.com"},
        ),
    },
)
endpoint = InferenceEndpoint("chat", spec, pulumi.ResourceOptions(parent=outer), today=date(2026, 11, 25))
pulumi.export("chat", endpoint.contract)
"""
SOLO = """\
from datetime import date

import pulumi
from anyport.endpoint import plan_endpoint
from anyport.spec import EndpointSpec, TargetSpec
from anyport.targets.azure_openai.component import AzureOpenaiTarget
from anyport.targets.base import TargetArgs

target = TargetSpec(priority=1, provider="azure_openai", region="eastus2")
spec = EndpointSpec(model="gpt-oss-120b", targets={"east": target})
planned = plan_endpoint("chat", spec, today=date(2026, 11, 25)).targets[0]
solo = AzureOpenaiTarget("solo", TargetArgs(endpoint="chat", planned=planned))
pulumi.export("solo", solo.contract)
"""


def chains(project: Project) -> dict[str, str]:
    """Type chains of the state's URNs, by resource name."""
    parts = [resource["urn"].split("::") for resource in project.resources()]
    return {name: chain for _, _, chain, name in parts}


def test_an_endpoint_in_a_program_of_ones_own(project: ProjectMaker) -> None:
    stack = project(files={"__main__.py": ENDPOINT}).init()
    done(stack.pulumi("config", "set", "--secret", "secrets:vllm_api_key", KEY))
    said = done(stack.up())
    contract = stack.outputs()["chat"]
    assert [target["target"] for target in contract["targets"]] == ["oci", "cw"]
    assert contract["targets"][1]["auth"]["secret"] == "config:secrets:vllm_api_key"
    outer = "shop:index:Platform$anyport:index:InferenceEndpoint"
    found = chains(stack)
    assert found["chat"] == outer
    assert found["chat-oci-policy"].startswith(f"{outer}$anyport:index:OciGenerativeAiTarget$oci:")
    assert found["chat-cw-secret"] == f"{outer}$anyport:index:CoreweaveVllmTarget$kubernetes:core/v1:Secret"
    for text in (said.text, stack.export(), json.dumps(stack.outputs())):
        assert_kept(text)
    the_key_is_in_the_cloud_only(stack)


def the_key_is_in_the_cloud_only(stack: Project) -> None:
    """Of all files the run left, one holds the key: the cluster, which must; and it is the owner's alone."""
    plain = (KEY.encode(), base64.b64encode(KEY.encode()))
    holders = [
        path
        for path in stack.folder.rglob("*")
        if path.is_file() and any(form in path.read_bytes() for form in plain)
    ]
    assert holders == [Path(stack.clouds / "kubernetes.json")]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600


def assert_kept(text: str) -> None:
    assert KEY not in text
    assert base64.b64encode(KEY.encode()).decode() not in text


def test_one_target_by_itself(project: ProjectMaker) -> None:
    stack = project(files={"__main__.py": SOLO}).init()
    done(stack.up())
    contract = stack.outputs()["solo"]
    assert (contract["endpoint"], contract["target"], contract["provider"]) == (
        "chat",
        "east",
        "azure_openai",
    )
    assert contract["base_url"].startswith("https://chat-east-")
    found = chains(stack)
    assert found["solo"] == "anyport:index:AzureOpenaiTarget"
    children = {name: chain for name, chain in found.items() if name.startswith("solo-")}
    assert set(children) == {
        "solo-rg",
        "solo-account",
        "solo-deployment",
        "solo-caller",
        "solo-role-caller",
    }
    assert all(
        chain.startswith("anyport:index:AzureOpenaiTarget$azure-native:") for chain in children.values()
    )
