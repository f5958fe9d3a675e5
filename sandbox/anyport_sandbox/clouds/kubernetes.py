"""The simulated Kubernetes clusters; every cluster is healthy and has room for everything.

Sources (collected 2026-11-22): pulumi-kubernetes 4.34 for autonaming, ids, awaiting, `clusterIdentifier`; the API
server's well-known refusals (NotFound, AlreadyExists, Invalid). A cluster is known by the provider's
`clusterIdentifier`, else by the server in its kubeconfig; one with neither is called `default`.
Guesses: a custom resource is taken whatever its definition would say, and is namespaced unless listed here; ingress
and load balancer addresses come from a documentation range. Not simulated: scheduling, image pulls, quotas, admission.
The full sandbox has a real API server for that.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from .behaviour import Behaviour, Env, Inputs, Resource, at, digest, guid, known, same_or_below
from .errors import CloudError, Problem
from .operations import Package
from .state import Records

__all__ = ["PACKAGE", "cluster_of"]

_CLUSTER_SCOPED = frozenset(
    [
        "Namespace",
        "Node",
        "PersistentVolume",
        "ClusterRole",
        "ClusterRoleBinding",
        "StorageClass",
        "CustomResourceDefinition",
        "PriorityClass",
        "IngressClass",
        "RuntimeClass",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "CSIDriver",
        "APIService",
        "NodePool",
        "ClusterIssuer",
        "GatewayClass",
    ]
)
_NAMESPACE = "kubernetes:core/v1:Namespace"
_BUILT_IN = ("default", "kube-system", "kube-public", "kube-node-lease")
_LABEL = re.compile(r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
_SUBDOMAIN = re.compile(r"^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$")
_ONE_LABEL = ("Namespace", "Service")
_FORCES_NEW = {
    "Deployment": ("spec.selector",),
    "StatefulSet": (
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
        "spec.podManagementPolicy",
    ),
    "DaemonSet": ("spec.selector",),
    "Job": ("spec.selector", "spec.template", "spec.completions"),
    "ConfigMap": ("data", "binaryData"),
    "Secret": ("data", "stringData", "type"),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "PersistentVolumeClaim": (
        "spec.accessModes",
        "spec.storageClassName",
        "spec.volumeName",
        "spec.selector",
    ),
    "NodePool": ("spec.instanceType",),
}


def cluster_of(config: Inputs) -> str:
    """Which cluster a provider's settings mean.

    Raises:
        CloudError: the kubeconfig is not one.
    """
    if config.get("clusterIdentifier"):
        return str(config["clusterIdentifier"])
    text = config.get("kubeconfig")
    if not text:
        return "default"
    try:
        document = yaml.safe_load(text) if isinstance(text, str) else text
        chosen = config.get("context") or document.get("current-context")
        contexts = {row["name"]: row["context"]["cluster"] for row in document.get("contexts", [])}
        servers = {row["name"]: row["cluster"]["server"] for row in document["clusters"]}
        return str(servers[contexts[chosen]] if chosen in contexts else next(iter(servers.values())))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, StopIteration) as error:
        raise CloudError(
            "configured Kubernetes cluster is unreachable: unable to load Kubernetes client configuration from kubeconfig: "
            "it is not a valid kubeconfig."
        ) from error


class AnyObject(Behaviour):
    """Any Kubernetes object."""

    def __init__(self, token: str = "") -> None:
        kind = token.rpartition(":")[2].removesuffix("Patch")
        self.object_kind = kind
        self.immutable = ("metadata.name", "metadata.namespace", "apiVersion", *_FORCES_NEW.get(kind, ()))

    exists = (
        'resource "{id}" was not successfully created by the Kubernetes API server: "{id}" already exists'
    )

    def scope(self, env: Env) -> str:
        """The cluster."""
        return cluster_of(env.config)

    def replaces(self, path: str) -> bool:
        """A change under metadata other than name and namespace never does."""
        if same_or_below(path, "metadata") and path not in ("metadata.name", "metadata.namespace"):
            return False
        return super().replaces(path)

    def defaults(self, env: Env, res: Resource, news: Inputs, olds: Inputs) -> Inputs:  # noqa: ARG002
        """A name for what has none, kept from one run to the next."""
        if at(news, "metadata.name") or at(news, "metadata.generateName"):
            return {}
        marked = at(olds, "metadata.annotations", {}).get("pulumi.com/autonamed") == "true"
        kept = at(olds, "metadata.name") if marked else None
        name = kept or f"{res.name.lower()}-{digest(res.urn, res.seed)[:8]}"
        return {"metadata": {"name": name, "annotations": {"pulumi.com/autonamed": "true"}}}

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """Names after RFC 1123."""
        name = at(inputs, "metadata.name")
        pattern = _LABEL if self.object_kind in _ONE_LABEL else _SUBDOMAIN
        if not known(name) or (isinstance(name, str) and pattern.match(name)):
            return []
        most = 63 if pattern is _LABEL else 253
        rule = f"must be an RFC 1123 name: at most {most} lower case letters, digits and `-`, ending in one of the first two"
        return [Problem("metadata.name", rule)]

    def namespace(self, env: Env, inputs: Inputs) -> str:
        """The object's namespace; empty for what has none."""
        if self.object_kind in _CLUSTER_SCOPED:
            return ""
        return str(at(inputs, "metadata.namespace") or env.config.get("namespace") or "default")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:
        """`namespace/name`, or `name`."""
        name = at(inputs, "metadata.name")
        if not name:
            name = f"{at(inputs, 'metadata.generateName')}{digest(res.urn, str(records.serial(res.urn)))[:5]}"
        space = self.namespace(env, inputs)
        return f"{space}/{name}" if space else str(name)

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The namespace must exist."""
        space, scope = self.namespace(env, inputs), self.scope(env)
        if not space or space in _BUILT_IN:
            return
        have = {record["id"] for record in records.of_type(_NAMESPACE) if record["scope"] == scope}
        if space not in have:
            raise CloudError(f'namespaces "{space}" not found')

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """What the API server adds."""
        space = self.namespace(env, inputs)
        metadata = {
            # A preview has no id yet; a name that the program gives is known there all the same.
            "name": identity.rpartition("/")[2] or at(inputs, "metadata.name", ""),
            "uid": guid("uid", res.urn, identity),
            "generation": 1,
        }
        return {"metadata": {**metadata, **({"namespace": space} if space else {})}}


class Namespace(AnyObject):
    """A namespace takes everything in it along."""

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """Some are there from the start."""
        name = at(inputs, "metadata.name")
        if name in _BUILT_IN:
            raise CloudError(f'namespaces "{name}" already exists')

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Its phase."""
        return {**super().outputs(env, res, identity, inputs), "status": {"phase": "Active"}}

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """Delete the contents."""
        prefix = f"{record['id']}/"
        inside = [
            k
            for k, r in records.resources.items()
            if r["scope"] == record["scope"] and r["id"].startswith(prefix)
        ]
        for key in inside:
            del records.resources[key]


class Workload(AnyObject):
    """Deployments and their like: ready at once, if the selector finds its own pods."""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """`selector` does not match template `labels`, as the API server says."""
        problems = super().check(env, res, inputs)
        wanted, labels = (
            at(inputs, "spec.selector.matchLabels"),
            at(inputs, "spec.template.metadata.labels", {}),
        )
        if not (isinstance(wanted, dict) and isinstance(labels, dict)):
            return problems
        if any(
            known(value) and known(labels.get(key, "")) and labels.get(key) != value
            for key, value in wanted.items()
        ):
            problems.append(
                Problem("spec.template.metadata.labels", "`selector` does not match template `labels`")
            )
        return problems

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """All replicas ready."""
        count = at(inputs, "spec.replicas", 1)
        status = {
            "observedGeneration": 1,
            "replicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
            "updatedReplicas": count,
            "conditions": [
                {"type": "Available", "status": "True"},
                {"type": "Progressing", "status": "True"},
            ],
        }
        return {**super().outputs(env, res, identity, inputs), "status": status}


class Service(AnyObject):
    """A service: an address in the cluster, and one outside for a load balancer."""

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Addresses made from the id."""
        computed = super().outputs(env, res, identity, inputs)
        octets = digest(identity)
        kind = at(inputs, "spec.type", "ClusterIP")
        spec = {"type": kind}
        if kind != "ExternalName" and at(inputs, "spec.clusterIP") != "None":
            spec["clusterIP"] = f"10.96.{int(octets[:2], 16)}.{int(octets[2:4], 16) or 1}"
        status: Inputs = {"loadBalancer": {}}
        if kind == "LoadBalancer":
            status = {"loadBalancer": {"ingress": [{"ip": f"203.0.113.{int(octets[4:6], 16) or 1}"}]}}
        return {**computed, "spec": spec, "status": status}


class Ingress(AnyObject):
    """An ingress with an address."""

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """An address from the documentation range."""
        address = [{"ip": f"203.0.113.{int(digest(identity)[:2], 16) or 1}"}]
        return {
            **super().outputs(env, res, identity, inputs),
            "status": {"loadBalancer": {"ingress": address}},
        }


class Claim(AnyObject):
    """A volume claim, bound at once."""

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Bound."""
        return {**super().outputs(env, res, identity, inputs), "status": {"phase": "Bound"}}


def _replaces_provider(olds: Inputs, news: Inputs) -> list[str]:
    """Another cluster means that every object must be made anew there."""
    try:
        same = cluster_of(olds) == cluster_of(news)
    except CloudError:
        same = False
    return [] if same else ["clusterIdentifier" if news.get("clusterIdentifier") else "kubeconfig"]


PACKAGE = Package(
    name="kubernetes",
    behaviours={
        _NAMESPACE: Namespace(_NAMESPACE),
        **{
            f"kubernetes:apps/v1:{kind}": Workload(f"kubernetes:apps/v1:{kind}")
            for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")
        },
        "kubernetes:core/v1:Service": Service("kubernetes:core/v1:Service"),
        "kubernetes:core/v1:PersistentVolumeClaim": Claim("kubernetes:core/v1:PersistentVolumeClaim"),
        "kubernetes:networking.k8s.io/v1:Ingress": Ingress("kubernetes:networking.k8s.io/v1:Ingress"),
    },
    fallback=AnyObject,
    replaces_provider=_replaces_provider,
)
