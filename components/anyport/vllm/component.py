"""VllmServer: one model served by vLLM in a Kubernetes cluster of any kind, as a Pulumi component.

    server = VllmServer("chat", Server(namespace="chat", name="chat", model_id="openai/gpt-oss-20b",
                                       served_name="gpt-oss-20b", image="vllm/vllm-openai@sha256:…",
                                       node_selector={"agentpool": "h100"}),
                        {"api-key": config.require_secret("key")},
                        opts=pulumi.ResourceOptions(providers=[cluster]))

The cluster, its GPU nodes, NVIDIA's device plugin and the controllers that custom resources belong to
(LeaderWorkerSet, Prometheus operator, KEDA, cert-manager, Gateway API) must be there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..catalog import vllm_flags
from .command import refused_arguments
from .exposure import base_url
from .objects import Piece, pieces
from .server import Server
from .timing import delete_minutes

__all__ = ["VllmServer", "make_objects"]

_CLASSES: dict[tuple[str, str], Any] = {
    ("v1", "Namespace"): k8s.core.v1.Namespace,
    ("v1", "ServiceAccount"): k8s.core.v1.ServiceAccount,
    ("v1", "Secret"): k8s.core.v1.Secret,
    ("v1", "ConfigMap"): k8s.core.v1.ConfigMap,
    ("v1", "PersistentVolumeClaim"): k8s.core.v1.PersistentVolumeClaim,
    ("v1", "ResourceQuota"): k8s.core.v1.ResourceQuota,
    ("v1", "Service"): k8s.core.v1.Service,
    ("apps/v1", "Deployment"): k8s.apps.v1.Deployment,
    ("networking.k8s.io/v1", "NetworkPolicy"): k8s.networking.v1.NetworkPolicy,
    ("networking.k8s.io/v1", "Ingress"): k8s.networking.v1.Ingress,
    ("policy/v1", "PodDisruptionBudget"): k8s.policy.v1.PodDisruptionBudget,
}
_ARGUMENTS = {"automountServiceAccountToken": "automount_service_account_token"}


class VllmServer(pulumi.ComponentResource):
    """Everything of one server. Outputs: `base_url`, `model` and `namespace`."""

    base_url: pulumi.Output[str]
    model: pulumi.Output[str]
    namespace: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        server: Server,
        secrets: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
        *,
        restart: str = "",
        protect: bool = False,
        nodes: Sequence[pulumi.Resource] = (),
    ) -> None:
        """Make the objects.

        Args:
            name: resource name; objects are called `<name>-<what>`.
            server: what is wanted.
            secrets: `api-key`, and where the server needs them `hugging-face-token`, `access-key-id` and
                `secret-access-key`.
            opts: options of the component; give the cluster by `providers`.
            restart: any text; another one restarts the pods, as after a new key.
            protect: refuse to delete the namespace and the volume of weights.
            nodes: what must be there before pods are made, such as a node pool.

        Raises:
            ValueError: an argument of `vllm serve` is unknown or set here already.
        """
        super().__init__("anyport:index:VllmServer", name, {"namespace": server.namespace}, opts)
        make_objects(self, name, server, secrets, restart=restart, protect=protect, nodes=nodes)
        self.base_url = pulumi.Output.from_input(base_url(server))
        self.model = pulumi.Output.from_input(server.served_name)
        self.namespace = pulumi.Output.from_input(server.namespace)
        self.register_outputs({"base_url": self.base_url, "model": self.model, "namespace": self.namespace})


def make_objects(
    parent: pulumi.Resource,
    name: str,
    server: Server,
    secrets: Mapping[str, pulumi.Input[str]],
    *,
    provider: pulumi.ProviderResource | None = None,
    restart: str = "",
    protect: bool = False,
    nodes: Sequence[pulumi.Resource] = (),
) -> None:
    """What `VllmServer` makes, as children of a component of your own; arguments as there.

    Raises:
        ValueError: an argument of `vllm serve` is unknown or set here already.
    """
    parsers = (server.tool_call_parser, server.reasoning_parser)
    for _, wrong, fix in refused_arguments(server.extra_args, vllm_flags(), parsers=parsers):
        raise ValueError(f"{wrong}; {fix}")
    maker = _Maker(parent, name, server, provider, protect, nodes)
    for piece in pieces(server, restart):
        body = {**piece.body, "string_data": secrets} if piece.kind == "Secret" else piece.body
        maker.make(piece, body)


@dataclass(frozen=True)
class _Maker:
    """Makes objects in order. Apart from the component, whose own attributes belong to Pulumi."""

    parent: pulumi.Resource
    name: str
    server: Server
    provider: pulumi.ProviderResource | None
    protect: bool
    nodes: Sequence[pulumi.Resource]
    made: dict[str, pulumi.Resource] = field(default_factory=dict)

    def make(self, piece: Piece, body: Mapping[str, Any]) -> None:
        """One object."""
        metadata: dict[str, Any] = {"name": piece.name, "labels": dict(piece.labels)}
        if piece.kind != "Namespace":
            metadata["namespace"] = self.server.namespace
        if piece.annotations:
            metadata["annotations"] = dict(piece.annotations)
        arguments = {_ARGUMENTS.get(key, key): value for key, value in body.items()}
        cls = _CLASSES.get((piece.api_version, piece.kind))
        if cls is None:
            arguments |= {"api_version": piece.api_version, "kind": piece.kind}
            cls = k8s.apiextensions.CustomResource
        name = f"{self.name}-{piece.what}"
        self.made[piece.what] = cls(name, metadata=metadata, opts=self.opts(piece), **arguments)

    def opts(self, piece: Piece) -> pulumi.ResourceOptions:
        """Order, protection and patience."""
        after = [self.made[what] for what in piece.after]
        if piece.what in ("deployment", "group"):
            after += self.nodes
        timeouts = None
        if piece.minutes is not None:
            most = f"{piece.minutes}m"
            timeouts = pulumi.CustomTimeouts(
                create=most, update=most, delete=f"{delete_minutes(self.server)}m"
            )
        return pulumi.ResourceOptions(
            parent=self.parent,
            provider=self.provider,
            depends_on=after,
            protect=True if self.protect and piece.holds_state else None,
            custom_timeouts=timeouts,
            ignore_changes=["spec.replicas"] if piece.scaled else None,
        )
