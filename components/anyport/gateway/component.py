"""InferenceGateway: the gateway on Kubernetes, in one cluster or several, as a Pulumi component.

    InferenceGateway("gateway", {"endpoints": contracts}, [Cluster("east", east), Cluster("west", west)],
                     GatewayOptions(image="envoyproxy/envoy@sha256:…", caller_namespaces=["apps"]),
                     credentials={"chat/oci": config.require_secret("oci_key")},
                     callers={"apps": config.require_secret("apps_key")})

Every cluster gets the same objects, named `<name>-<cluster>-<what>`. It deliberately makes no load balancer and no
DNS name in front of the clusters (that choice, and whom to trust with it, is the company's), and mints no tokens.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from ..errors import BuildError, Problem
from .alerts import prometheus_rule_spec
from .cluster_objects import (
    GatewayOptions,
    deployment_spec,
    network_policy_spec,
    settings_in_cluster,
)
from .dashboard import dashboard_json
from .envoy import envoy_yaml
from .facts import gateway_facts
from .routes import RouteError, RouteTable, route_table
from .secrets import caller_line, credential_text
from .settings import GatewaySettings

__all__ = ["Cluster", "GatewayOptions", "InferenceGateway"]

_MINTED = ("entra", "google_oauth")
_NAME = "anyport-gateway"


@dataclass(frozen=True)
class Cluster:
    """One cluster: a name for its resources, and the provider that reaches it."""

    name: str
    provider: pulumi.ProviderResource


class InferenceGateway(pulumi.ComponentResource):
    """One gateway for all endpoints of the contracts.

    Outputs:
        base_urls: cluster → base URL for an OpenAI client inside it.
        config_digest: of what pods read at their start.
    """

    base_urls: pulumi.Output[dict[str, str]]
    config_digest: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        contracts: pulumi.Input[Mapping[str, Any]],
        clusters: Sequence[Cluster],
        options: GatewayOptions,
        *,
        settings: GatewaySettings | None = None,
        credentials: Mapping[str, pulumi.Input[str]] | None = None,
        callers: Mapping[str, pulumi.Input[str]] | None = None,
        tier: str = "prod",
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Build it.

        Args:
            name: resource name.
            contracts: contracts as `route_table` takes them, such as a stack's outputs.
            clusters: where to run; two at least in prod.
            options: how to run.
            settings: times and limits; addresses and paths are set here.
            credentials: `endpoint/target` → key, for targets that have keys. A changed one reaches running
                pods without a restart, within the kubelet's period of about a minute.
            callers: caller's name → the secret part of its key, 32 characters or more; a caller sends
                `<name>.<secret>` as its API key.
            tier: `prod` or `dev`; prod is strict about image, clusters, replicas and callers.
            opts: options of the component.

        Raises:
            BuildError: AP303, what prod needs is missing; AP103, a caller's name or secret is none.
            RouteError: the contracts cannot be served (AP401 to AP405); from an output that is known later, when
                it is.
        """
        _strict(clusters, options, callers or {}, tier)
        given = dict(credentials or {})
        if not isinstance(contracts, pulumi.Output):
            _table(contracts, given, options)
        self._routes = pulumi.Output.from_input(contracts).apply(lambda known: _table(known, given, options))
        facts = self._routes.apply(gateway_facts)
        super().__init__("anyport:index:InferenceGateway", name, {"tier": tier, "routes": facts}, opts)
        self._prefix, self._options, self._tier = name, options, tier
        self._settings = settings_in_cluster(settings or GatewaySettings(), options, callers=bool(callers))
        self._callers = _callers(callers or {})
        self._config = self._routes.apply(lambda table: envoy_yaml(table, self._settings))
        files = pulumi.Output.all(self._routes, given).apply(lambda both: _files(both[0], both[1]))
        self._credentials: pulumi.Output[dict[str, str]] = pulumi.Output.secret(files)
        self.config_digest = pulumi.Output.unsecret(
            pulumi.Output.all(self._config, self._callers).apply(lambda both: _digest(*both))
        )
        for cluster in clusters:
            self._build(cluster, bool(given), bool(callers))
        scheme = "https" if options.tls_secret else "http"
        port = "" if options.tls_secret else ":80"
        url = f"{scheme}://{_NAME}.{options.namespace}.svc{port}/v1"
        self.base_urls = pulumi.Output.from_input({cluster.name: url for cluster in clusters})
        self.register_outputs({"base_urls": self.base_urls, "config_digest": self.config_digest})

    def _build(self, cluster: Cluster, credentials: bool, callers: bool) -> None:
        options, make = self._options, _Maker(self, self._prefix, cluster, self._options)
        restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
        make.object(k8s.core.v1.Namespace, "namespace", options.namespace, labels=restricted)
        # Named by its content: pods of the old revision keep the old one until they are gone.
        config_name = self.config_digest.apply(lambda digest: f"{_NAME}-{digest[:10]}")
        make.object(k8s.core.v1.ConfigMap, "config", config_name, data={"envoy.yaml": self._config})
        names: dict[str, Any] = {"config": config_name}
        for what, wanted, data in (
            ("credentials", credentials, self._credentials),
            ("callers", callers, {"callers": self._callers}),
        ):
            if wanted:
                names[what] = f"{_NAME}-{what}"
                make.object(k8s.core.v1.Secret, what, names[what], type="Opaque", string_data=data)
        labels = {"app.kubernetes.io/name": _NAME, "app.kubernetes.io/instance": self._prefix}
        policy = self._routes.apply(lambda table: network_policy_spec(options, self._settings, labels, table))
        make.object(k8s.networking.v1.NetworkPolicy, "network", _NAME, spec=policy)
        spec = deployment_spec(
            options, self._settings, labels, names, self.config_digest, spread=self._tier == "prod"
        )
        make.object(k8s.apps.v1.Deployment, "deployment", _NAME, after=list(make.made), spec=spec)
        port = {"name": "http", "port": 443 if options.tls_secret else 80, "targetPort": "http"}
        make.object(
            k8s.core.v1.Service, "service", _NAME, after=["namespace", "deployment"],
            spec={"selector": labels, "ports": [port]},
        )  # fmt: skip
        budget = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
        make.object(k8s.policy.v1.PodDisruptionBudget, "budget", _NAME, spec=budget)
        self._watch(make, labels)

    def _watch(self, make: _Maker, labels: Mapping[str, str]) -> None:
        """What looks at the metrics, as far as it is asked for."""
        options = self._options
        if options.scrape == "pod_monitor":
            spec = {
                "selector": {"matchLabels": dict(labels)},
                "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics", "interval": "30s"}],
            }
            make.custom("monitor", "monitoring.coreos.com/v1", "PodMonitor", spec)
        if options.alerts:
            rule = self._routes.apply(prometheus_rule_spec)
            make.custom("alerts", "monitoring.coreos.com/v1", "PrometheusRule", rule)
        if options.dashboard:
            board = self._routes.apply(lambda table: dashboard_json(table, f"Anyport gateway {self._prefix}"))
            make.object(
                k8s.core.v1.ConfigMap, "dashboard", f"{_NAME}-dashboard",
                labels={"grafana_dashboard": "1"}, data={"anyport-gateway.json": board},
            )  # fmt: skip


class _Maker:
    """Makes the objects of one cluster, in order."""

    def __init__(self, parent: pulumi.Resource, name: str, cluster: Cluster, options: GatewayOptions) -> None:
        self.parent, self.cluster, self.options = parent, cluster, options
        self.prefix = f"{name}-{cluster.name}"
        self.made: dict[str, pulumi.Resource] = {}

    def object(
        self,
        resource: Any,
        what: str,
        name: pulumi.Input[str],
        *,
        labels: Mapping[str, str] | None = None,
        after: Sequence[str] = ("namespace",),
        **fields: Any,
    ) -> None:
        """One object, as a child of the component."""
        metadata: dict[str, Any] = {
            "name": name,
            "labels": {**self.options.labels, "app.kubernetes.io/part-of": "anyport", **(labels or {})},
        }
        if what != "namespace":
            metadata["namespace"] = self.options.namespace
        before = [self.made[each] for each in after if each in self.made]
        opts = pulumi.ResourceOptions(parent=self.parent, provider=self.cluster.provider, depends_on=before)
        self.made[what] = resource(f"{self.prefix}-{what}", metadata=metadata, opts=opts, **fields)

    def custom(self, what: str, api_version: str, kind: str, spec: Any) -> None:
        """One object of a kind that other people's definitions bring."""
        fields = {"api_version": api_version, "kind": kind, "spec": spec}
        self.object(k8s.apiextensions.CustomResource, what, _NAME, **fields)


def _strict(
    clusters: Sequence[Cluster], options: GatewayOptions, callers: Mapping[str, Any], tier: str
) -> None:
    problems = []

    def refuse(path: str, wrong: str, fix: str) -> None:
        problems.append(Problem("AP303", f"gateway.{path}", wrong, fix=fix, file="gateway"))

    if not clusters:
        refuse("clusters", "there is no cluster to run in", "name one")
    if len({cluster.name for cluster in clusters}) < len(clusters):
        refuse("clusters", "two clusters have one name", "give each its own")
    if tier == "prod":
        if len(clusters) == 1 and not options.one_cluster:
            refuse(
                "clusters", "in prod a gateway in one cluster falls with it", "name two, or set one_cluster"
            )
        if not re.search(r"@sha256:[0-9a-f]{64}$", options.image):
            refuse("image", "in prod the image must be named by digest", "write …@sha256:…")
        if options.replicas < 2:
            refuse("replicas", "in prod there must be two pods or more", "set 2")
        if not callers and not options.anonymous_callers:
            refuse("callers", "in prod callers must have keys", "pass callers, or set anonymous_callers")
    if problems:
        raise BuildError(problems)


def _table(contracts: Any, credentials: Mapping[str, Any], options: GatewayOptions) -> RouteTable:
    """The routes; every target must get its credential from somewhere.

    A minted token passed by hand would be dead an hour later, which no preview shows, so it is refused.
    """
    table = route_table(contracts)
    problems = []
    for endpoint in table.endpoints:
        for target in endpoint.targets:
            name = f"{endpoint.name}/{target.name}"
            if target.auth in _MINTED and (name in credentials or not options.credentials_secret):
                wrong = f"is called with a token of {target.auth}, which lives about an hour"
                fix = "let something keep a Secret fresh and name it as credentials_secret"
                problems.append(Problem("AP405", f"credentials.{name}", wrong, fix=fix, file="gateway"))
            elif target.auth not in _MINTED and name not in credentials and not options.credentials_secret:
                wrong, fix = "there is no credential for this target", f'pass credentials={{"{name}": …}}'
                problems.append(Problem("AP405", f"credentials.{name}", wrong, fix=fix, file="gateway"))
    if problems:
        raise RouteError(problems)
    return table


def _files(table: RouteTable, credentials: Mapping[str, str]) -> dict[str, str]:
    """One file per target with a key of its own; credentials of targets that are not there are left out."""
    return {
        f"{endpoint.name}.{target.name}.yaml": credential_text(
            endpoint.name, target.name, credentials[f"{endpoint.name}/{target.name}"]
        )
        for endpoint in table.endpoints
        for target in endpoint.targets
        if f"{endpoint.name}/{target.name}" in credentials
    }


def _callers(callers: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    known = pulumi.Output.all(**dict(callers)) if callers else pulumi.Output.from_input({})
    return pulumi.Output.secret(known.apply(_lines))


def _lines(callers: Mapping[str, str]) -> str:
    lines, problems = [], []
    for name, secret in sorted(callers.items()):
        try:
            lines.append(f"{caller_line(name, secret)}\n")
        except ValueError as error:
            problems.append(Problem("AP103", f"gateway.callers.{name}", str(error), file="gateway"))
    if problems:
        raise BuildError(problems)
    return "".join(lines)


def _digest(config: str, callers: str) -> str:
    return hashlib.sha256(f"{config}\x1f{callers}".encode()).hexdigest()
