"""Which machines there are, and where the real scheduler puts pods on them."""

from __future__ import annotations

import pytest
from k8s_objects import GPU_TAINTS, Space, instance, pod_spec, ready

from anyport_sandbox.kubernetes.cluster import Cluster

pytestmark = pytest.mark.engine


def test_coreweave_machines_show_what_is_documented(cluster: Cluster) -> None:
    node = cluster.api.get("v1", "Node", "gd-8xh100ib-i128-0")
    labels = node["metadata"]["labels"]
    assert labels["node.kubernetes.io/instance-type"] == "gd-8xh100ib-i128"
    assert labels["topology.kubernetes.io/region"] == "US-EAST-04"
    assert labels["topology.kubernetes.io/zone"] == "US-EAST-04A"
    assert labels["gpu.nvidia.com/class"] == "H100"
    assert labels["compute.coreweave.com/node-pool"] == "gd-8xh100ib-i128"
    assert {"key": "is_gpu", "value": "true", "effect": "PreferNoSchedule"} in node["spec"]["taints"]
    allocatable = node["status"]["allocatable"]
    assert (allocatable["cpu"], allocatable["nvidia.com/gpu"], allocatable["pods"]) == ("128", "8", "110")
    assert allocatable["memory"] == "2112109804Ki"
    assert "rdma/ib" in allocatable
    assert "rdma/ib" not in cluster.api.get("v1", "Node", "gd-8xl40s-i128-0")["status"]["allocatable"]


def test_pods_land_on_the_machines_they_ask_for(space: Space) -> None:
    space.pod("l40s", pod_spec(gpus=1, on="gd-8xl40s-i128"))
    space.pod("h100", pod_spec(gpus=8, on="gd-8xh100ib-i128"))
    space.pod("arm", pod_spec(gpus=1, nodeSelector={"kubernetes.io/arch": "arm64"}))
    assert space.until("l40s", ready)["spec"]["nodeName"] == "gd-8xl40s-i128-0"
    assert space.until("h100", ready)["spec"]["nodeName"].startswith("gd-8xh100ib-i128-")
    assert space.until("arm", ready)["spec"]["nodeName"] == "gd-1xgh200-0"


def test_a_pod_without_gpus_prefers_the_machine_without_taint(space: Space) -> None:
    space.pod("plain", pod_spec())
    assert space.until("plain", ready)["spec"]["nodeName"] == "cd-gp-i64-erapids-0"


def test_hard_taints_of_other_clouds_keep_out_who_does_not_tolerate_them(space: Space) -> None:
    gke = instance("g2-standard-24")
    space.pod("stranger", {**pod_spec(gpus=1), "tolerations": GPU_TAINTS[:1], "nodeSelector": gke})
    space.pod("friend", {**pod_spec(gpus=1), "nodeSelector": gke})
    assert space.until("friend", ready)["spec"]["nodeName"] == "gke-gpu-0"
    assert "untolerated taint" in unschedulable(space, "stranger")


def test_what_does_not_fit_stays_pending_with_the_schedulers_reason(space: Space) -> None:
    space.pod("huge", pod_spec(gpus=9, on="gd-8xh100ib-i128"))
    assert "2 Insufficient nvidia.com/gpu" in unschedulable(space, "huge")
    assert space.get("huge")["status"]["phase"] == "Pending"


def unschedulable(space: Space, name: str) -> str:
    def reason(pod: dict) -> str:
        found = [each for each in pod["status"].get("conditions", ()) if each["type"] == "PodScheduled"]
        return found[0].get("message", "") if found and found[0]["status"] == "False" else ""

    return reason(space.until(name, reason))
