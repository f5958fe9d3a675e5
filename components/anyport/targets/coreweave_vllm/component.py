"""A vLLM target on CoreWeave Kubernetes: a cluster to talk to, machines when asked for, and the objects of a `VllmServer`.

Only `/v1` is ever routed: vLLM checks its key there and leaves other inference routes open. The cluster itself,
its VPC and its controllers are not made here: they live longer than an endpoint and belong to other people.
"""

from __future__ import annotations

import os
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from ...contract import Auth
from ...secretref import SecretRef
from ...vllm.component import make_objects
from ...vllm.exposure import base_url
from ..base import Access, Target, read_secret
from .options import CoreweaveVllmOptions
from .serving import kubeconfig_text, node_pool_spec, server_of

__all__ = ["CoreweaveVllmTarget", "kubeconfig_from"]


def kubeconfig_from(endpoint: pulumi.Input[str], token: pulumi.Input[str]) -> pulumi.Output[str]:
    """A kubeconfig for a CoreWeave cluster, as a secret.

    Args:
        endpoint: the API server's host, such as a CksCluster's `api_server_endpoint`.
        token: a CoreWeave API token.
    """
    parts = pulumi.Output.all(endpoint, token)
    return pulumi.Output.secret(parts.apply(lambda known: kubeconfig_text(known[0], known[1])))


class CoreweaveVllmTarget(Target):
    """vLLM servers for one model in one CoreWeave cluster (one zone)."""

    provider_name: ClassVar[str] = "coreweave_vllm"

    def build(self) -> Access:
        """Make everything in one namespace of its own, so that deletion leaves nothing."""
        planned, options = self.args.planned, self._options
        cluster = self._cluster()
        name = self.physical(63)
        server = server_of(planned, options, name, self.args.all_tags)
        make_objects(
            self,
            self.resource_name,
            server,
            self._secrets(),
            provider=cluster,
            restart=str(options.api_key_version) if options.api_key_version > 1 else "",
            protect=self.args.protected,
            nodes=self._node_pool(name, cluster),
        )
        auth = Auth(kind="bearer_api_key", secret=options.api_key.uri)
        return Access(base_url(server), server.served_name, auth)

    @property
    def _options(self) -> CoreweaveVllmOptions:
        options = self.args.planned.options
        if not isinstance(options, CoreweaveVllmOptions):
            raise TypeError(f"expected CoreweaveVllmOptions, got {type(options).__name__}")
        return options

    def _read(self, ref: SecretRef) -> pulumi.Output[str]:
        return read_secret(self.args, ref, os.environ)

    def _cluster(self) -> k8s.Provider:
        options = self._options
        place = self.args.planned.zone or self.args.planned.region
        access: tuple[str, ...] = ()
        if options.cluster:
            access = (options.cluster.endpoint, options.cluster.token.uri)
        elif options.kubeconfig:
            access = (options.kubeconfig.uri,)

        def make(name: str, after: pulumi.Output[bool]) -> k8s.Provider:
            kubeconfig = None
            if options.cluster:
                kubeconfig = kubeconfig_from(options.cluster.endpoint, self._read(options.cluster.token))
            elif options.kubeconfig:
                kubeconfig = pulumi.Output.secret(self._read(options.kubeconfig))
            # Without an identifier an unknown kubeconfig in a preview would replace everything.
            return k8s.Provider(name, kubeconfig=kubeconfig, cluster_identifier=after.apply(lambda _: place))

        return self.shared_provider(make, "kubernetes", place, access=access)

    def _secrets(self) -> dict[str, pulumi.Input[str]]:
        options = self._options
        refs = {"api-key": options.api_key, "hugging-face-token": options.hugging_face_token}
        if options.cache == "object_storage" and options.object_storage:
            refs["access-key-id"] = options.object_storage.access_key_id
            refs["secret-access-key"] = options.object_storage.secret_access_key
        return {key: self._read(ref) for key, ref in refs.items() if ref}

    def _node_pool(self, name: str, cluster: k8s.Provider) -> list[pulumi.Resource]:
        """Machines for this target; nodes take up to 20 minutes to come, so there is an hour."""
        pool, instance_type = self._options.node_pool, self.args.planned.instance_type
        if pool is None or instance_type is None:
            return []
        made = k8s.apiextensions.CustomResource(
            f"{self.resource_name}-nodes",
            api_version="compute.coreweave.com/v1alpha1",
            kind="NodePool",
            metadata={"name": name, "annotations": {"pulumi.com/waitFor": "condition=AtTarget"}},
            spec=node_pool_spec(pool, instance_type),
            opts=self.child(
                provider=cluster,
                protect=True if self.args.protected else None,
                # The Cluster Autoscaler writes the number.
                ignore_changes=["spec.targetNodes"] if pool.autoscaling else None,
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="60m", delete="60m"),
            ),
        )
        return [made]
