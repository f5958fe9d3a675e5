"""Checks against the SDK's types, state between processes, secrets, previews, faults."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from anyport_sandbox.clouds.wire import UNKNOWN, plain, seal, sealed

from .conftest import Context, Refused

GROUP = "azure-native:resources:ResourceGroup"
ACCOUNT = "azure-native:cognitiveservices:Account"
DEPLOYMENT = "azure-native:cognitiveservices:Deployment"
SECRET = "kubernetes:core/v1:Secret"


def test_all_problems_of_a_resource_come_at_once(sim: Any) -> None:
    found = sim("azure-native").problems(
        DEPLOYMENT,
        {
            "resourceGroupName": "rg",
            "sku": {"name": "Standard", "capacity": "10"},
            "properties": {"model": {"verion": "1"}},
            "tag": {},
        },
    )
    assert set(found) == {"accountName", "sku.capacity", "properties.model.verion", "tag"}
    assert "`version`" in found["properties.model.verion"]
    assert found["accountName"] == "missing required argument"
    assert found["sku.capacity"] == "must be a whole number, got a string"


@pytest.mark.parametrize(
    ("package", "token", "inputs", "path", "words"),
    [
        (
            "azure-native",
            ACCOUNT,
            {"resourceGroupName": "r", "identity": {"type": "Usr"}},
            "identity.type",
            "one of",
        ),
        ("azure-native", ACCOUNT, {"resourceGroupName": "r", "tags": {"a": 1}}, "tags.a", "must be a string"),
        ("azure-native", ACCOUNT, {"resource_group_name": "r"}, "resource_group_name", "`resourceGroupName`"),
        ("kubernetes", "kubernetes:apps/v1:Deploymnt", {}, "", "did you mean kubernetes:apps/v1:Deployment?"),
        ("oci", "oci:GenerativeAi/endpoint:Endpoint", {"compartmentId": "x"}, "modelId", "missing"),
        (
            "kubernetes",
            "kubernetes:core/v1:Pod",
            {"spec": {"containers": [{"name": "a", "imge": "b"}]}},
            "spec.containers[0].imge",
            "`image`",
        ),
        (
            "gcp",
            "gcp:vertex/aiEndpoint:AiEndpoint",
            {"location": "l", "displayName": "d", "dedicatedEndpointEnabled": "yes"},
            "dedicatedEndpointEnabled",
            "must be a boolean",
        ),
    ],
)
def test_bad_inputs(sim: Any, package: str, token: str, inputs: Any, path: str, words: str) -> None:
    assert words in sim(package).problems(token, inputs)[path]


def test_custom_resources_are_free_below_spec(sim: Any) -> None:
    token = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"
    inputs = {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "spec": {"any": [1]}}
    assert sim("kubernetes").problems(token, inputs) == {}
    assert "metadata.nme" in sim("kubernetes").problems(token, {**inputs, "metadata": {"nme": "x"}})


def test_unknown_provider_settings_are_refused(sim: Any) -> None:
    assert sim("gcp").config_problems({"project": "p", "regin": "r"}) == [
        "regin: unknown argument; did you mean `region`?"
    ]
    assert sim("gcp").config_problems({"project": "p", "version": "10.2.0"}) == []


def test_state_outlives_the_process(sim: Any) -> None:
    identity, _ = sim("azure-native").create(GROUP, "g", {"resourceGroupName": "rg", "location": "eastus2"})
    again = sim("azure-native")
    assert again.read(GROUP, "g", identity).properties.fields["location"].string_value == "eastus2"
    again.delete(GROUP, "g", identity)
    assert sim("azure-native").read(GROUP, "g", identity).id == ""


def test_a_state_that_cannot_be_kept_is_one_sentence(sim: Any, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(Refused, match=r"cannot keep its state in .*ANYPORT_SANDBOX_STATE"):
        sim("azure-native").create(GROUP, "g", {"resourceGroupName": "rg", "location": "x"})


def test_a_broken_state_file_says_what_to_do(sim: Any, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "azure-native.json").write_text("{")
    with pytest.raises(Refused, match="not valid JSON; delete it"):
        sim("azure-native").create(GROUP, "g", {"resourceGroupName": "rg", "location": "x"})


def test_preview_makes_nothing_and_knows_no_computed_value(sim: Any, tmp_path: Path) -> None:
    identity, outputs = sim("azure-native").create(
        ACCOUNT,
        "a",
        {"resourceGroupName": "rg", "accountName": "acc", "properties": {"customSubDomainName": "s"}},
        preview=True,
    )
    assert identity == ""
    assert outputs["properties"]["customSubDomainName"] == "s"
    assert outputs["properties"]["endpoint"] == UNKNOWN
    assert outputs["name"] == "acc" or outputs["name"] == UNKNOWN
    assert not (tmp_path / "state" / "azure-native.json").exists()


def test_secrets_stay_secret(sim: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    cloud = sim("kubernetes")
    _, outputs = cloud.create(SECRET, "s", {"stringData": {"key": seal("open-sesame")}})
    assert sealed(outputs["stringData"]["key"])
    assert plain(outputs)["stringData"]["key"] == "open-sesame"
    assert (tmp_path / "state" / "kubernetes.json").stat().st_mode & 0o077 == 0
    with pytest.raises(Refused) as refused:
        cloud.create(SECRET, "s2", {"metadata": {"namespace": seal("open-sesame")}})
    assert "open-sesame" not in str(refused.value)
    failures = cloud.check(SECRET, "s3", {"type": seal(["open-sesame"])}).failures
    assert failures[0].property == ""  # else the engine would print the value
    assert "open-sesame" not in failures[0].reason
    captured = capfd.readouterr()
    assert "open-sesame" not in captured.out + captured.err


def test_diff_names_paths_and_replacements(sim: Any) -> None:
    cloud = sim("azure-native")
    old = {"accountName": "a", "location": "eastus2", "tags": {"a.b": "1"}, "kind": "OpenAI"}
    new = {"accountName": "a", "location": "westus", "tags": {"a.b": "2"}}
    answer = cloud.diff(ACCOUNT, "a", "/other", old, new)
    assert list(answer.diffs) == ["kind", "location", "tags"]
    assert list(answer.replaces) == ["location"]
    assert answer.detailedDiff['tags["a.b"]'].kind == pb.PropertyDiff.UPDATE
    assert answer.detailedDiff["kind"].kind == pb.PropertyDiff.DELETE
    assert cloud.diff(ACCOUNT, "a", "/x", old, old).changes == pb.DiffResponse.DIFF_NONE


def test_faults_fire_as_often_as_asked(sim: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = {"type": "azure-native:resources:*", "name": "g*", "operation": "create", "times": 1}
    rows = [{**fault, "message": "503 down", "delay_seconds": 2}]
    monkeypatch.setenv("ANYPORT_SANDBOX_FAULTS", json.dumps(rows))
    cloud = sim("azure-native")
    inputs = {"resourceGroupName": "rg", "location": "eastus2"}
    with pytest.raises(Refused, match="503 down"):
        cloud.create(GROUP, "g", inputs)
    assert cloud.clock.slept == [2.0]
    assert sim("azure-native").create(GROUP, "g", inputs)[0]


def test_faults_come_from_the_state_folder_too_and_are_checked(sim: Any, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "faults.json").write_text('[{"opertion": "create"}]')
    with pytest.raises(Refused, match=r"fault list in .*faults\.json is not valid: unknown key 'opertion'"):
        sim("azure-native").create(GROUP, "g", {"resourceGroupName": "rg", "location": "x"})


def test_types_without_rules_are_echoed_with_a_stable_id(sim: Any) -> None:
    token = "oci:Budget/budget:Budget"
    inputs = {"amount": 5, "compartmentId": "ocid1.tenancy.oc1..a", "resetPeriod": "MONTHLY"}
    identity, outputs = sim("oci", region="us-ashburn-1").create(token, "b", inputs)
    assert identity.startswith("ocid1.budget.oc1.us-ashburn-1.")
    assert outputs["amount"] == 5


def test_versions_are_those_of_the_sdk(sim: Any) -> None:
    versions = {p: sim(p).provider.GetPluginInfo(None, Context()).version for p in ("gcp", "azure-native")}
    assert versions == {"gcp": "10.2.0", "azure-native": "3.29.0"}


def test_plugin_prints_its_port_and_ends_on_interrupt() -> None:
    plugin = Path(__file__).resolve().parents[3] / "sandbox" / "plugins" / "oci"
    process = subprocess.Popen(
        [sys.executable, "-u", str(plugin), "--logtostderr", "127.0.0.1:1"], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.send_signal(2)
        assert process.wait(timeout=60) == 0
