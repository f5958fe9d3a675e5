"""What `make sandbox` gives the engine's environment, and the machines and rules it takes from a stack."""

from __future__ import annotations

from pathlib import Path

import pytest

from anyport_sandbox.clouds.oci_api_keys import loopback_port
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.for_stack import machines
from anyport_sandbox.kubernetes.ingress import Rule
from anyport_sandbox.run import main
from anyport_sandbox.workspace import Workspace

TARGET = "{priority: 1, provider: coreweave_vllm, region: US-EAST-04, zone: US-EAST-04A, instance_type: %s, replicas: 3}"
SPEC = "config:\n  anyport:endpoints:\n    chat:\n      targets:\n        a: %s\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    for name in ("CLIENT_HOST_OVERRIDES", "TF_VAR_CLIENT_HOST_OVERRIDES", "ANYPORT_SANDBOX_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    return Workspace(tmp_path)


def test_oracles_client_finds_the_sandbox_unless_told_otherwise(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = loopback_port(workspace.environment())
    assert port
    assert loopback_port(workspace.environment()) == port, "the same for all commands of a run"
    monkeypatch.setenv("CLIENT_HOST_OVERRIDES", "a.B=http://x")
    assert workspace.environment()["CLIENT_HOST_OVERRIDES"] == "a.B=http://x"


def test_the_control_plane_is_named_only_while_one_runs(workspace: Workspace, tmp_path: Path) -> None:
    assert "ANYPORT_SANDBOX_KUBECONFIG" not in workspace.environment()
    workspace.kubeconfig = tmp_path / "kubeconfig"
    assert workspace.environment()["ANYPORT_SANDBOX_KUBECONFIG"] == str(tmp_path / "kubeconfig")


def test_each_target_gets_its_machines(tmp_path: Path) -> None:
    file = tmp_path / "stack.yaml"
    file.write_text(SPEC % (TARGET % "gd-8xh100ib-i128"))
    gpu, cpu = machines(file)
    assert (gpu.count, gpu.labels["node.kubernetes.io/instance-type"]) == (3, "gd-8xh100ib-i128")
    assert gpu.labels["topology.kubernetes.io/zone"] == "US-EAST-04A"
    assert "nvidia.com/gpu" not in cpu.capacity
    file.write_text(SPEC % "{priority: 1, provider: azure_openai, region: eastus2}")
    assert machines(file) == []
    file.write_text(SPEC % (TARGET % "gd-9000"))
    with pytest.raises(ClusterError, match="no instance type gd-9000"):
        machines(file)
    with pytest.raises(ClusterError, match="cannot be read"):
        machines(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("path", "taken"),
    [("/v1", True), ("/v1/models", True), ("/v1x", False), ("/", False), ("/invocations", False)],
)
def test_a_prefix_takes_whole_elements(path: str, taken: bool) -> None:
    assert Rule("h", "/v1", "s", "svc").takes("h", path) is taken
    assert Rule("h", "/", "s", "svc").takes("h", path)
    assert not Rule("h", "/v1", "s", "svc").takes("other", path)


def test_another_word_for_the_kind_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANYPORT_WORK_AREA", str(tmp_path))
    monkeypatch.setenv("ANYPORT_SANDBOX_PORT", "0")
    monkeypatch.setenv("ANYPORT_SANDBOX_KUBERNETES", "rael")
    assert main(["up"]) == 3
    assert "give real or simulated" in capsys.readouterr().err
