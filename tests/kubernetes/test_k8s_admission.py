"""What the real API server lets in: pod security, quotas, and the definitions of other projects."""

from __future__ import annotations

from typing import Any

import pytest
from k8s_objects import RESTRICTED, Space, container, pod_spec, vllm_spec

from anyport_sandbox.kubernetes.errors import ApiError

pytestmark = pytest.mark.engine


def test_restricted_refuses_a_privileged_pod_and_admits_ours(space: Space) -> None:
    space.label(RESTRICTED)
    with pytest.raises(ApiError) as refused:
        space.pod("bad", {"containers": [container(securityContext={"privileged": True})]})
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    assert 'violates PodSecurity "restricted:latest": privileged' in refused.value.message
    space.pod("ours", vllm_spec())


def test_a_quota_holds(space: Space) -> None:
    space.put("v1", "ResourceQuota", "gpus", {"hard": {"requests.nvidia.com/gpu": "1"}})
    space.api.wait(
        lambda: space.api.get("v1", "ResourceQuota", "gpus", space.name).get("status", {}).get("hard")
    )
    space.pod("one", pod_spec(gpus=1))
    with pytest.raises(ApiError, match=r"exceeded quota: gpus, requested: requests\.nvidia\.com/gpu=1"):
        space.pod("two", pod_spec(gpus=1))


TEMPLATE = {"spec": {"containers": [{"name": "vllm", "image": "registry.example/app:1"}]}}
SECRET = {"secretTargetRef": [{"parameter": "token", "name": "key", "key": "token"}]}
GOOD: dict[tuple[str, str], Any] = {
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"): {
        "replicas": 1,
        "leaderWorkerTemplate": {
            "size": 2,
            "restartPolicy": "RecreateGroupOnPodRestart",
            "workerTemplate": TEMPLATE,
        },
    },
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): {
        "parentRefs": [{"name": "gateway"}],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                "backendRefs": [{"name": "chat", "port": 80, "weight": 9}],
            }
        ],
    },
    ("gateway.networking.k8s.io/v1", "Gateway"): {
        "gatewayClassName": "x",
        "listeners": [
            {"name": "web", "port": 443, "protocol": "HTTPS", "tls": {"certificateRefs": [{"name": "tls"}]}}
        ],
    },
    ("keda.sh/v1alpha1", "ScaledObject"): {
        "scaleTargetRef": {"name": "chat"},
        "minReplicaCount": 1,
        "triggers": [
            {"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "q", "threshold": "5"}}
        ],
    },
    ("keda.sh/v1alpha1", "TriggerAuthentication"): SECRET,
    ("cert-manager.io/v1", "Certificate"): {
        "secretName": "tls",
        "dnsNames": ["chat.example.com"],
        "issuerRef": {"name": "letsencrypt-prod", "kind": "ClusterIssuer"},
    },
    ("monitoring.coreos.com/v1", "PodMonitor"): {
        "selector": {"matchLabels": {"app": "chat"}},
        "podMetricsEndpoints": [{"port": "http", "path": "/metrics", "interval": "30s"}],
    },
    ("monitoring.coreos.com/v1", "ServiceMonitor"): {"selector": {}, "endpoints": [{"port": "http"}]},
}
BAD: dict[tuple[str, str], tuple[Any, str]] = {
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"): (
        {"leaderWorkerTemplate": {"restartPolicy": "Sometimes", "workerTemplate": TEMPLATE}},
        "supported values",
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): (
        {"rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "v1"}}]}]},
        "must be an absolute path",
    ),
    ("keda.sh/v1alpha1", "ScaledObject"): ({"triggers": []}, "scaleTargetRef"),
    ("cert-manager.io/v1", "Certificate"): (
        {"dnsNames": ["a.example.com"], "issuerRef": {"name": "x"}},
        "secretName",
    ),
    ("monitoring.coreos.com/v1", "PodMonitor"): (
        {"selector": {}, "podMetricsEndpoints": [{"port": "http", "interval": "half a minute"}]},
        "interval",
    ),
}


@pytest.mark.parametrize("kind", GOOD, ids=lambda kind: kind[1])
def test_definitions_take_what_is_valid(space: Space, kind: tuple[str, str]) -> None:
    space.put(*kind, "good", GOOD[kind])


@pytest.mark.parametrize("kind", BAD, ids=lambda kind: kind[1])
def test_definitions_refuse_what_is_not(space: Space, kind: tuple[str, str]) -> None:
    spec, why = BAD[kind]
    with pytest.raises(ApiError) as refused:
        space.put(*kind, "bad", spec)
    assert (refused.value.status, refused.value.reason) == (422, "Invalid")
    assert why in refused.value.message


def test_a_misspelt_field_of_a_definition_is_refused_by_strict_validation(space: Space) -> None:
    spec = {**GOOD["keda.sh/v1alpha1", "ScaledObject"], "minReplicas": 1}
    with pytest.raises(ApiError, match="minReplicas"):
        space.put("keda.sh/v1alpha1", "ScaledObject", "typo", spec)


def test_a_node_pool_cannot_change_its_instance_type(space: Space) -> None:
    pool = {
        "apiVersion": "compute.coreweave.com/v1alpha1",
        "kind": "NodePool",
        "metadata": {"name": space.name},
        "spec": {"instanceType": "gd-8xh100ib-i128", "targetNodes": 2, "computeClass": "default"},
    }
    space.api.apply(pool)
    try:
        with pytest.raises(ApiError, match="instanceType is immutable"):
            space.api.apply({**pool, "spec": {**pool["spec"], "instanceType": "b200-8x"}})
        with pytest.raises(ApiError, match="computeClass"):
            space.api.apply({**pool, "spec": {**pool["spec"], "computeClass": "cheap"}})
    finally:
        space.api.delete("compute.coreweave.com/v1alpha1", "NodePool", space.name)
