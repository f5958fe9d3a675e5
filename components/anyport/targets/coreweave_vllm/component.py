"""A vLLM target on CoreWeave Kubernetes: namespace, secret, Deployment, Service, Ingress on /v1, PDB.

Only `/v1` is ever routed: vLLM checks its key there and leaves other inference routes open. Sources for
labels, ports and figures are in `serving.py`. Network policies, autoscaling and multi-node serving are
not made here.
"""

from __future__ import annotations

import os
from typing import ClassVar

import pulumi
import pulumi_kubernetes as k8s

from ...contract import Auth
from ..base import Access, Target, read_secret
from .options import CoreweaveVllmOptions
from .serving import PORT, labels, pod_spec, start_minutes

__all__ = ["CoreweaveVllmTarget"]


class CoreweaveVllmTarget(Target):
    """vLLM servers for one model in one CoreWeave cluster (one zone)."""

    provider_name: ClassVar[str] = "coreweave_vllm"

    def build(self) -> Access:
        """Make everything in one namespace of its own, so that deletion leaves nothing."""
        self._labels = labels(self.args.endpoint, self.args.planned.name)
        self._opts = self.child(provider=self._cloud())
        self._namespace = self.physical(63)
        namespace = k8s.core.v1.Namespace(
            f"{self.resource_name}-namespace",
            metadata={
                "name": self._namespace,
                "labels": {**self._labels, "pod-security.kubernetes.io/enforce": "restricted"},
            },
            opts=self._opts,
        )
        self._opts = pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[namespace]))
        secret = self._secret()
        account = k8s.core.v1.ServiceAccount(
            f"{self.resource_name}-account",
            metadata=self._metadata("vllm-server"),
            automount_service_account_token=False,
            opts=self._opts,
        )
        volume = self._weights()
        self._deployment(secret, account, volume)
        service = k8s.core.v1.Service(
            f"{self.resource_name}-service",
            metadata=self._metadata("vllm-server"),
            spec={
                "type": "ClusterIP",
                "selector": self._labels,
                "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
            },
            opts=self._opts,
        )
        self._disruption_budget()
        auth = Auth(kind="bearer_api_key", secret=self._options.api_key.uri)
        return Access(self._address(service), self.args.planned.model, auth)

    @property
    def _options(self) -> CoreweaveVllmOptions:
        options = self.args.planned.options
        if not isinstance(options, CoreweaveVllmOptions):
            raise TypeError(f"expected CoreweaveVllmOptions, got {type(options).__name__}")
        return options

    def _cloud(self) -> k8s.Provider:
        ref = self._options.kubeconfig
        return k8s.Provider(
            f"{self.resource_name}-cluster",
            kubeconfig=read_secret(self.args, ref, os.environ) if ref else None,
            # Without an identifier an unknown kubeconfig in a preview would replace everything.
            cluster_identifier=self.args.planned.zone or self.args.planned.region,
            opts=self.child(),
        )

    def _metadata(self, name: str) -> dict[str, object]:
        return {"name": name, "namespace": self._namespace, "labels": self._labels}

    def _secret(self) -> k8s.core.v1.Secret:
        options = self._options
        data = {"api-key": read_secret(self.args, options.api_key, os.environ)}
        if options.hugging_face_token:
            data["hugging-face-token"] = read_secret(self.args, options.hugging_face_token, os.environ)
        return k8s.core.v1.Secret(
            f"{self.resource_name}-secret",
            metadata=self._metadata("vllm-keys"),
            type="Opaque",
            string_data=data,
            opts=self._opts,
        )

    def _weights(self) -> list[pulumi.Resource]:
        storage_class = self._options.storage_class
        if storage_class is None:
            return []
        claim = k8s.core.v1.PersistentVolumeClaim(
            f"{self.resource_name}-weights",
            metadata=self._metadata("weights"),
            spec={
                "accessModes": ["ReadWriteMany"],
                "storageClassName": storage_class,
                "resources": {"requests": {"storage": "2Ti"}},
            },
            opts=self._opts,
        )
        return [claim]

    def _deployment(
        self, secret: k8s.core.v1.Secret, account: k8s.core.v1.ServiceAccount, volume: list[pulumi.Resource]
    ) -> None:
        planned = self.args.planned
        minutes = start_minutes(planned)
        pod = pod_spec(planned, self._options, "vllm-keys", "vllm-server")
        replicas = planned.replicas or 1
        timeouts = pulumi.CustomTimeouts(
            create=f"{minutes * replicas + 15}m", update=f"{minutes * replicas + 15}m", delete="15m"
        )
        k8s.apps.v1.Deployment(
            f"{self.resource_name}-deployment",
            metadata=self._metadata("vllm-server"),
            spec={
                "replicas": replicas,
                "selector": {"matchLabels": self._labels},
                # GPUs are scarce: a surge pod would wait for one for ever and the roll-out would hang.
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                "progressDeadlineSeconds": minutes * 60 + 300,
                "template": {
                    "metadata": {
                        "labels": {**self._labels, "qos.coreweave.com/graceful-interruptible": "true"},
                    },
                    "spec": pod,
                },
            },
            opts=pulumi.ResourceOptions.merge(
                self._opts,
                pulumi.ResourceOptions(depends_on=[secret, account, *volume], custom_timeouts=timeouts),
            ),
        )

    def _disruption_budget(self) -> None:
        k8s.policy.v1.PodDisruptionBudget(
            f"{self.resource_name}-budget",
            metadata=self._metadata("vllm-server"),
            spec={"maxUnavailable": 1, "selector": {"matchLabels": self._labels}},
            opts=self._opts,
        )

    def _address(self, service: k8s.core.v1.Service) -> str:
        """Public behind an Ingress when there is a domain, else the Service inside the cluster."""
        domain = self._options.domain
        if domain is None:
            return f"http://vllm-server.{self._namespace}.svc.cluster.local:{PORT}/v1"
        host = f"{self.physical(63)}.{domain}"
        backend = {"service": {"name": "vllm-server", "port": {"name": "http"}}}
        k8s.networking.v1.Ingress(
            f"{self.resource_name}-ingress",
            metadata={
                **self._metadata("vllm-server"),
                "annotations": {"cert-manager.io/cluster-issuer": self._options.cluster_issuer},
            },
            spec={
                "ingressClassName": self._options.ingress_class,
                "tls": [{"hosts": [host], "secretName": "vllm-server-tls"}],
                "rules": [
                    {
                        "host": host,
                        "http": {"paths": [{"path": "/v1", "pathType": "Prefix", "backend": backend}]},
                    }
                ],
            },
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(depends_on=[service])),
        )
        return f"https://{host}/v1"
