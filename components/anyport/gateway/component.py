"""InferenceGateway: the gateway on Kubernetes, in one cluster or several, as a Pulumi component.

    InferenceGateway("gateway", {"endpoints": contracts}, [Cluster("east", east), Cluster("west", west)],
                     GatewayOptions(image="envoyproxy/envoy@sha256:…", caller_namespaces=["apps"]),
                     credentials={"chat/oci": config.require_secret("oci_key")},
                     callers={"apps": config.require_secret("apps_key")})

Every cluster gets the same objects, named `<name>-<cluster>-<what>`. It deliberately makes no load balancer and no
DNS name in front of the clusters (that choice, and whom to trust with it, is the company's). Tokens are minted in the
pods by the sidecar that `GatewayOptions.renewer` describes, never by this program.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
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
    placeholders,
    settings_in_cluster,
)
from .credential_check import credential_problems
from .cycles import refuse_cycles
from .dashboard import dashboard_json
from .envoy import envoy_yaml
from .facts import gateway_facts
from .renewer_objects import RenewerOptions, sources_yaml
from .routes import RouteError, RouteTable, route_table
from .secrets import caller_line, credential_text
from .settings import CallerTokens, GatewaySettings

__all__ = ["Cluster", "GatewayOptions", "InferenceGateway", "RenewerOptions"]

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
        drill_key: pulumi.Input[str] | None = None,
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
            drill_key: who sends it may drill the live gateway, 32 characters or more; a new one starts new pods.
                Default: nobody may.
            tier: `prod` or `dev`; prod is strict about image, clusters, replicas and callers.
            opts: options of the component.

        Raises:
            BuildError: AP303, what prod needs is missing; AP103, a caller's name or secret or the drill key is none.
            RouteError: the contracts cannot be served (AP401 to AP408); from an output that is known later, when
                it is.
        """
        tokens = settings.caller_tokens if settings else None
        _strict(clusters, options, tier, callers_known=bool(callers or tokens))
        _one_way(tokens, callers or {})
        given = dict(credentials or {})
        inside = settings_in_cluster(
            settings or GatewaySettings(), options, callers=bool(callers), drill=drill_key is not None
        )
        if not isinstance(contracts, pulumi.Output):
            _table(contracts, given, options, inside)
        self._routes = pulumi.Output.from_input(contracts).apply(
            lambda known: _table(known, given, options, inside)
        )
        facts = self._routes.apply(gateway_facts)
        super().__init__("anyport:index:InferenceGateway", name, {"tier": tier, "routes": facts}, opts)
        self._prefix, self._options, self._tier = name, options, tier
        self._settings = inside
        self._callers = _callers(callers or {})
        self._drill = None if drill_key is None else _drill_key(drill_key)
        self._config = self._routes.apply(lambda table: envoy_yaml(table, self._settings))
        self._sources = sources_yaml(options.renewer, given) if options.renewer else ""
        files = pulumi.Output.all(self._routes, given).apply(lambda both: _files(both[0], both[1]))
        self._credentials: pulumi.Output[dict[str, str]] = pulumi.Output.secret(files)
        self.config_digest = pulumi.Output.unsecret(
            pulumi.Output.all(self._config, self._callers, self._drill or "").apply(
                lambda read: _digest(read[0], read[1] + read[2], self._sources)
            )
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
        data = {"envoy.yaml": self._config, **({"sources.yaml": self._sources} if options.renewer else {})}
        make.object(k8s.core.v1.ConfigMap, "config", config_name, data=data)
        names: dict[str, Any] = {"config": config_name}
        if options.credentials_secret:
            names["placeholders"] = config_name.apply(lambda known: f"{known}-placeholders")
            files = self._routes.apply(placeholders)
            make.object(k8s.core.v1.ConfigMap, "placeholders", names["placeholders"], data=files)
        for what, wanted, content in (
            ("credentials", credentials, self._credentials),
            ("callers", callers, {"callers": self._callers}),
            ("drill", self._drill is not None, {"drill": self._drill}),
        ):
            if wanted:
                names[what] = f"{_NAME}-{what}"
                make.object(k8s.core.v1.Secret, what, names[what], type="Opaque", string_data=content)
        if options.renewer and options.renewer.service_account != "default":
            make.object(k8s.core.v1.ServiceAccount, "account", options.renewer.service_account)
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
            watched = ["metrics", *(["renewal"] if options.renewer else [])]
            spec = {
                "selector": {"matchLabels": dict(labels)},
                "podMetricsEndpoints": [
                    {"port": port, "path": "/metrics", "interval": "30s"} for port in watched
                ],
            }
            make.custom("monitor", "monitoring.coreos.com/v1", "PodMonitor", spec)
        if options.alerts:
            renewer = options.renewer is not None
            rule = self._routes.apply(lambda table: prometheus_rule_spec(table, renewer=renewer))
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


def _strict(clusters: Sequence[Cluster], options: GatewayOptions, tier: str, *, callers_known: bool) -> None:
    problems = []

    def refuse(path: str, wrong: str, fix: str) -> None:
        problems.append(Problem("AP303", f"gateway.{path}", wrong, fix=fix, file="gateway"))

    if not clusters:
        refuse("clusters", "there is no cluster to run in", "name one")
    if len({cluster.name for cluster in clusters}) < len(clusters):
        refuse("clusters", "two clusters have one name", "give each its own")
    if tier == "prod":
        _strict_in_prod(len(clusters), options, refuse, callers_known=callers_known)
    if problems:
        raise BuildError(problems)


def _one_way(tokens: CallerTokens | None, callers: Mapping[str, Any]) -> None:
    problems = []
    if tokens and callers:
        wrong, fix = "callers have keys and tokens", "pass callers or set caller_tokens"
        problems.append(Problem("AP303", "gateway.callers", wrong, fix=fix, file="gateway"))
    if tokens and tokens.keys_url is None:
        wrong, fix = "no such file is in the pods", "name keys_url"
        problems.append(Problem("AP303", "gateway.caller_tokens.keys_file", wrong, fix=fix, file="gateway"))
    if problems:
        raise BuildError(problems)


def _strict_in_prod(
    clusters: int,
    options: GatewayOptions,
    refuse: Callable[[str, str, str], None],
    *,
    callers_known: bool,
) -> None:
    if clusters == 1 and not options.one_cluster:
        refuse("clusters", "in prod a gateway in one cluster falls with it", "name two, or set one_cluster")
    images = {"image": options.image, **({"renewer.image": options.renewer.image} if options.renewer else {})}
    for path, image in images.items():
        if not re.search(r"@sha256:[0-9a-f]{64}$", image):
            refuse(path, "in prod the image must be named by digest", "write …@sha256:…")
    if options.replicas < 2:
        refuse("replicas", "in prod there must be two pods or more", "set 2")
    if not callers_known and not options.anonymous_callers:
        fix = "pass callers, set caller_tokens in settings, or set anonymous_callers"
        refuse("callers", "in prod callers must have keys or tokens", fix)


def _table(
    contracts: Any, credentials: Mapping[str, Any], options: GatewayOptions, settings: GatewaySettings
) -> RouteTable:
    """The routes; every target must be somewhere else and get its credential from somewhere."""
    table = route_table(contracts)
    service = f"{_NAME}.{options.namespace}"
    refuse_cycles(table, settings, (_NAME, service, f"{service}.svc", f"{service}.svc.cluster.local"))
    problems = credential_problems(table, credentials, options)
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


def _drill_key(key: pulumi.Input[str]) -> pulumi.Output[str]:
    """The key's file. A drill key has no name; the line has one, since it is of the callers' form."""

    def line(secret: str) -> str:
        try:
            return f"{caller_line('drill', secret)}\n"
        except ValueError:
            wrong = "a drill key needs 32 characters or more of chance"
            raise BuildError([Problem("AP103", "gateway.drill_key", wrong, file="gateway")]) from None

    return pulumi.Output.secret(pulumi.Output.from_input(key).apply(line))


def _digest(config: str, callers: str, sources: str) -> str:
    return hashlib.sha256(f"{config}\x1f{callers}\x1f{sources}".encode()).hexdigest()
