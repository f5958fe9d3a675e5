"""Starting and ending a cluster: what runs, what is left, what is said when it cannot."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import yaml
from k8s_objects import ready, vllm_container

from anyport_sandbox.kubernetes import cluster as clusters
from anyport_sandbox.kubernetes import detached, nodes
from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.network import Network

CPU = nodes.coreweave_cpu("US-EAST-04A")


def alive(pids: Iterable[int]) -> list[int]:
    """Those that run; a zombie does not."""
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z":
            found.append(pid)
    return found


def running_in(folder: Path) -> list[int]:
    """Processes whose command line or log says that they belong to a work directory."""
    shown = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    mine = os.getpid()
    rows = [line.split(None, 1) for line in shown.stdout.splitlines()]
    return [int(pid) for pid, args in rows if str(folder) in args and int(pid) != mine]


def until(there: Callable[[], object], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not there():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def model_servers() -> set[int]:
    shown = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True)
    return {int(line.split()[0]) for line in shown.stdout.splitlines() if "kubernetes.model_server" in line}


def add_model_pod(api: Api) -> None:
    api.wait(lambda: api.find("v1", "ServiceAccount", "default", "default"))
    spec = {"containers": [vllm_container(env=[], resources={})]}
    api.create(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "model", "namespace": "default"},
            "spec": spec,
        }
    )
    api.wait(lambda: api.get("v1", "Pod", "model", "default"), ready)


@pytest.mark.engine
def test_a_stop_leaves_no_process(program: Path, tmp_path: Path) -> None:
    before = model_servers()
    with clusters.start(tmp_path / "c", [CPU]) as running:
        pids = list(running.pids.values())
        assert sorted(running.pids) == ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"]
        add_model_pod(running.api)
        servers = model_servers() - before
        assert len(servers) == 1
        config = yaml.safe_load(running.kubeconfig_path.read_text())
        assert config["clusters"][0]["cluster"] == {
            "server": running.api_url,
            "certificate-authority": str(running.ca_path),
        }
        assert config["users"][0]["user"] == {"token": running.token}
        assert stat.S_IMODE(running.kubeconfig_path.stat().st_mode) == 0o600
        troubles = running.kubelet.troubles
    assert troubles == []
    assert alive([*pids, *servers]) == []
    running.stop()


@pytest.mark.engine
def test_killed_it_leaves_nothing_and_its_state_can_be_taken_up(program: Path, tmp_path: Path) -> None:
    work = tmp_path / "c"
    first = detached.start(work, [CPU], keep_state=True)
    try:
        before = model_servers()
        client = first.client()
        add_model_pod(client)
        client.close()
        assert model_servers() - before
        with pytest.raises(ClusterError, match="runs already as process"):
            detached.start(work)
        planes = [pid for pid in running_in(work) if pid != first.pid]
        assert len(planes) >= 3
        os.kill(first.pid, signal.SIGKILL)
        assert until(lambda: not alive(planes) and not model_servers() - before), (
            "processes outlive their parent"
        )
        assert detached.running(work) is None

        again = detached.start(work, [CPU], keep_state=True)
        kept = again.client()
        assert kept.get("v1", "Pod", "model", "default")["metadata"]["name"] == "model"
        kept.wait(lambda: kept.get("v1", "Pod", "model", "default"), ready)
        kept.close()
        assert detached.stop(work) is True
        assert until(lambda: not running_in(work))
        assert detached.stop(work) is False
    finally:
        detached.stop(work)


@pytest.mark.engine
def test_a_kept_cluster_goes_on_with_new_addresses(program: Path, tmp_path: Path) -> None:
    """Pods and machines that an earlier start left are in another network now, or change places in it."""
    machines = [nodes.coreweave_cpu("US-EAST-04A", count=2)]
    with clusters.start(tmp_path / "c", machines, keep_state=True) as first:
        add_model_pod(first.api)
        before = first.api.get("v1", "Pod", "model", "default")["status"]["podIP"]
    taken = Network()
    try:
        with clusters.start(tmp_path / "c", machines, keep_state=True) as again:
            pod = again.api.wait(
                lambda: again.api.get("v1", "Pod", "model", "default"),
                lambda found: ready(found) and found["status"]["podIP"] != before,
            )
            assert pod["status"]["podIPs"] == [{"ip": pod["status"]["podIP"]}]
            own = pod["status"]["hostIP"]
            node = again.api.get("v1", "Node", pod["spec"]["nodeName"])
            assert {"type": "InternalIP", "address": own} in node["status"]["addresses"]
            again.api.delete("v1", "Pod", "model", "default")
            again.api.wait(lambda: again.api.find("v1", "Pod", "model", "default") is None)
            assert again.kubelet.troubles == []
    finally:
        taken.close()


def test_without_the_program_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="make kubernetes"):
        clusters.start(tmp_path / "c", program=tmp_path / "nothing")


@pytest.fixture
def program_that_ends(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "controlplane"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('no such thing as ' + sys.argv[1])\n")
    program.chmod(0o755)
    return program


def test_a_program_that_fails_is_quoted_and_leaves_nothing(program_that_ends: Path, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="etcd ended with exit 1: no such thing as etcd"):
        clusters.start(tmp_path / "c", program=program_that_ends)
    assert running_in(tmp_path) == []


def test_a_work_directory_that_cannot_be_used_is_named(program_that_ends: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ClusterError, match=f"the work directory {blocked / 'c'} cannot be used"):
        clusters.start(blocked / "c", program=program_that_ends)
