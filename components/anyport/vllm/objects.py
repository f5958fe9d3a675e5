"""All objects of a server, in order: what each is, what must be there before it, and how long it may take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import exposure, observe, policy, workload
from .command import SECRET
from .dashboard import dashboard_json
from .pod import ACCOUNT, CLAIM
from .server import Server
from .timing import rollout_minutes

__all__ = ["Piece", "pieces"]

NAME = "vllm-server"
_BEFORE_PODS = ("account", "secret", "network", "quota", "weights")


@dataclass(frozen=True)
class Piece:
    """One object.

    Attributes:
        what: last part of its resource name.
        api_version, kind, name: as in Kubernetes.
        body: its fields beside `metadata`; the Secret's come at build time.
        annotations, labels: of its metadata; the server's own labels are in them.
        after: pieces that must be there first; those that are not made are left out.
        minutes: how long Pulumi waits for it; None for its own default.
        holds_state: deleting it deletes what cannot be made again at will.
        scaled: another controller writes its number of replicas.
    """

    what: str
    api_version: str
    kind: str
    name: str
    body: Mapping[str, Any] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ("namespace",)
    minutes: int | None = None
    holds_state: bool = False
    scaled: bool = False


def pieces(server: Server, restart: str = "") -> list[Piece]:
    """All objects. `restart` is any text: another one restarts the pods."""
    made = [*_first(server), _workload(server, restart), *_reach(server), *_watch(server)]
    names = {piece.what for piece in made}
    return [_with_labels(piece, server, names) for piece in made]


def _with_labels(piece: Piece, server: Server, names: set[str]) -> Piece:
    labels = {**server.object_labels, **piece.labels}
    after = tuple(what for what in piece.after if what in names)
    return Piece(**{**piece.__dict__, "labels": labels, "after": after})


def _first(server: Server) -> Iterator[Piece]:
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    yield Piece(
        "namespace", "v1", "Namespace", server.namespace, labels=restricted, after=(), holds_state=True
    )
    yield Piece(
        "account",
        "v1",
        "ServiceAccount",
        ACCOUNT,
        {"automountServiceAccountToken": False},
    )
    yield Piece("secret", "v1", "Secret", SECRET, {"type": "Opaque"})
    yield Piece(
        "network",
        "networking.k8s.io/v1",
        "NetworkPolicy",
        NAME,
        {"spec": policy.network_policy_spec(server)},
    )
    if server.max_gpus is not None:
        yield Piece(
            "quota", "v1", "ResourceQuota", NAME, {"spec": policy.quota_spec(server, server.max_gpus)}
        )
    if server.cache == "shared":
        spec = {"spec": workload.claim_spec(server)}
        yield Piece("weights", "v1", "PersistentVolumeClaim", CLAIM, spec, holds_state=True)


def _workload(server: Server, restart: str) -> Piece:
    after, minutes, scaled = ("namespace", *_BEFORE_PODS), rollout_minutes(server), bool(server.autoscaling)
    if server.nodes == 1:
        return Piece(
            "deployment",
            "apps/v1",
            "Deployment",
            NAME,
            {"spec": workload.deployment_spec(server, restart)},
            after=after,
            minutes=minutes,
            scaled=scaled,
        )
    return Piece(
        "group",
        "leaderworkerset.x-k8s.io/v1",
        "LeaderWorkerSet",
        NAME,
        {"spec": workload.group_spec(server, restart)},
        # Pulumi does not wait for custom resources unless told by what.
        {"pulumi.com/waitFor": "condition=Available"},
        after=after,
        minutes=minutes,
        scaled=scaled,
    )


def _reach(server: Server) -> Iterator[Piece]:
    # Pulumi waits until a Service has endpoints, ten minutes at most; servers load longer than that.
    yield Piece(
        "service",
        "v1",
        "Service",
        exposure.SERVICE,
        {"spec": exposure.service_spec(server)},
        after=("namespace", "deployment", "group"),
        minutes=rollout_minutes(server),
    )
    yield Piece(
        "budget",
        "policy/v1",
        "PodDisruptionBudget",
        NAME,
        {"spec": policy.disruption_budget_spec(server)},
    )
    public = server.exposure
    if public and public.route == "ingress":
        yield Piece(
            "ingress",
            "networking.k8s.io/v1",
            "Ingress",
            NAME,
            {"spec": exposure.ingress_spec(public)},
            exposure.ingress_annotations(public),
            after=("namespace", "service"),
        )
    elif public:
        yield Piece(
            "route",
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            NAME,
            {"spec": exposure.http_route_spec(public)},
            after=("namespace", "service"),
        )


def _watch(server: Server) -> Iterator[Piece]:
    if server.monitoring:
        spec = observe.pod_monitor_spec(server, server.monitoring)
        yield Piece("monitor", "monitoring.coreos.com/v1", "PodMonitor", NAME, {"spec": spec})
    if server.monitoring and server.monitoring.dashboard:
        # The label by which Grafana's sidecar finds dashboards, as its chart is set by default.
        yield Piece(
            "dashboard",
            "v1",
            "ConfigMap",
            "vllm-dashboard",
            {"data": {"vllm.json": dashboard_json(server)}},
            labels={"grafana_dashboard": "1"},
        )
    if server.autoscaling:
        scaled = observe.scaled_object_spec(server, server.autoscaling, NAME)
        yield Piece(
            "scaler",
            "keda.sh/v1alpha1",
            "ScaledObject",
            NAME,
            {"spec": scaled},
            after=("namespace", "deployment", "group"),
        )
