"""What a gateway is in a Kubernetes cluster, as plain objects; `component` makes them.

Envoy's admin interface stays on loopback, so nothing here can ask it whether it is ready: a probe opens the front
port, which Envoy opens once its configuration and all credentials are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from .renewer_objects import (
    RENEWAL_PORT,
    Name,
    Object,
    RenewerOptions,
    renewer_container,
    renewer_ports,
    renewer_volumes,
)
from .routes import RouteTable
from .secrets import PLACEHOLDER
from .settings import GatewaySettings

__all__ = [
    "CALLERS_FILE",
    "DRILL_KEY_FILE",
    "GatewayOptions",
    "deployment_spec",
    "network_policy_spec",
    "placeholders",
    "ports",
    "settings_in_cluster",
]

Quantity = Annotated[str, StringConstraints(pattern=r"^[0-9]+(\.[0-9]+)?(m|[KMGT]i?)?$")]

METRICS_PORT = 9902
_FOLDER = "/etc/anyport"
CALLERS_FILE = f"{_FOLDER}/callers/callers"
DRILL_KEY_FILE = f"{_FOLDER}/drill/drill"
_USER = 65532
_OWNER_AND_GROUP_READ = 0o440


class GatewayOptions(BaseModel):
    """How a gateway runs in its clusters."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    image: Annotated[str, StringConstraints(min_length=3, max_length=512)]
    """Image of Envoy 1.40 or later; in prod by digest (`…@sha256:…`), so that what runs is what was tested.
    No default: a digest that nobody here has run would be a guess."""
    namespace: Name = "anyport-gateway"
    """Namespace made for it, held to the restricted pod security standard."""
    replicas: Annotated[int, Field(ge=1, le=50)] = 2
    """Pods per cluster; 2 at least in prod. Each remembers by itself who is dead."""
    caller_namespaces: tuple[Name, ...] = ()
    """Namespaces whose pods may call. Default: the gateway's own only."""
    anonymous_callers: bool = False
    """Let everyone call who can connect, in prod too. Default: callers need keys in prod, since a cluster's
    network plugin may not enforce network policies."""
    one_cluster: bool = False
    """Accept a single cluster in prod. Default: two, since a gateway in one cluster falls with it."""
    credentials_secret: Name | None = None
    """Secret in the namespace that somebody else keeps fresh (an External Secrets operator, a job), with one
    file `<endpoint>.<target>.yaml` per target as `anyport.gateway.secrets.credential_text` writes it. Needed
    for targets called with minted tokens (`entra`, `google_oauth`), which live about an hour, unless there is a
    renewer. The gateway starts without it; its targets are dead until it is there."""
    renewer: RenewerOptions | None = None
    """A sidecar that keeps tokens fresh, in the place of `credentials_secret`. Default: none."""
    tls_secret: Name | None = None
    """Secret of type kubernetes.io/tls to serve callers with. Envoy reads it at its start: restart after a
    renewal. Default: plain HTTP inside the cluster."""
    scrape: Literal["none", "annotations", "pod_monitor"] = "none"
    """How Prometheus finds the pods: by `prometheus.io/…` annotations or by a PodMonitor of its operator,
    whose definitions must be installed. Default: metrics are served to nobody."""
    prometheus_namespace: Name = "monitoring"
    """Where Prometheus runs; the network policy lets it in when `scrape` is not none."""
    dashboard: bool = False
    """A ConfigMap with a Grafana dashboard, labelled as Grafana's sidecar looks for it."""
    alerts: bool = False
    """A PrometheusRule: a fallback in use, a dead target, a key or model that is gone. Default: off, since it
    needs the Prometheus operator's definitions; turn it on where they are."""
    drain_seconds: Annotated[int, Field(ge=0, le=3600)] = 60
    """How long a pod that is to stop goes on serving, after new requests go elsewhere. Streams longer than
    that are cut, which their callers see. Default: most answers are over by then."""
    cpu: Quantity = "250m"
    """CPU asked for; no limit, since a throttled gateway is a slow endpoint. One core is the most it uses."""
    memory: Quantity = "1Gi"
    """Memory asked for and allowed. Bodies are held until a target answers: 32 MiB each at most."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Further labels of all objects, such as owner and cost centre."""

    @model_validator(mode="after")
    def _watched(self) -> GatewayOptions:
        if self.scrape == "none" and (self.alerts or self.dashboard):
            raise ValueError("alerts and dashboard need metrics: set scrape to annotations or pod_monitor")
        if self.renewer and self.credentials_secret:
            raise ValueError("credentials_secret and renewer are two ways to the same: name one")
        return self


def settings_in_cluster(
    settings: GatewaySettings, options: GatewayOptions, *, callers: bool, drill: bool
) -> GatewaySettings:
    """The settings with the addresses and paths of a pod; whatever they were before."""
    tls = f"{_FOLDER}/tls" if options.tls_secret else None
    return settings.model_copy(
        update={
            "address": "0.0.0.0",  # noqa: S104  # inside a pod, behind a network policy
            "metrics_port": None if options.scrape == "none" else METRICS_PORT,
            "callers_file": CALLERS_FILE if callers else None,
            "drill_key_file": DRILL_KEY_FILE if drill else None,
            "secrets_dir": f"{_FOLDER}/secrets",
            "tls_certificate_file": f"{tls}/tls.crt" if tls else None,
            "tls_key_file": f"{tls}/tls.key" if tls else None,
        }
    )


def ports(options: GatewayOptions, settings: GatewaySettings) -> list[Object]:
    """Container ports by name."""
    found = [{"name": "http", "containerPort": settings.port}]
    if options.scrape != "none":
        found.append({"name": "metrics", "containerPort": METRICS_PORT})
    return found


def deployment_spec(
    options: GatewayOptions,
    settings: GatewaySettings,
    labels: Mapping[str, str],
    names: Mapping[str, Any],
    digest: Any,
    *,
    spread: bool,
) -> Object:
    """The pods.

    Args:
        options: how they run.
        settings: as the pods have them.
        labels: that select them.
        names: of the objects they mount: `config`, and where there are such `placeholders`, `credentials`,
            `callers`, `drill`.
        digest: of what they read at their start only; another one starts new pods.
        spread: whether two may never share a machine.
    """
    annotations = {"anyport.dev/config-digest": digest}
    if options.scrape == "annotations":
        scraped = {"scrape": "true", "port": str(METRICS_PORT), "path": "/metrics"}
        annotations |= {f"prometheus.io/{key}": value for key, value in scraped.items()}
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": options.drain_seconds + 30,
        "topologySpreadConstraints": [
            _spread("topology.kubernetes.io/zone", labels, must=False),
            _spread("kubernetes.io/hostname", labels, must=spread),
        ],
        "containers": [_container(options, settings, names)],
        "volumes": _volumes(options, names),
    }
    if options.renewer:
        pod["serviceAccountName"] = options.renewer.service_account
        pod["initContainers"] = [renewer_container(options.renewer, given="credentials" in names)]
    return {
        "replicas": options.replicas,
        "selector": {"matchLabels": dict(labels)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
        "template": {
            "metadata": {"labels": {**options.labels, **labels}, "annotations": annotations},
            "spec": pod,
        },
    }


def _container(options: GatewayOptions, settings: GatewaySettings, names: Mapping[str, Any]) -> Object:
    pause = {"preStop": {"sleep": {"seconds": options.drain_seconds}}}
    probe = {"tcpSocket": {"port": "http"}, "timeoutSeconds": 2}
    return {
        "name": "envoy",
        "image": options.image,
        # One worker: it is one worker's memory that knows who is dead.
        "args": [
            "-c",
            f"{_FOLDER}/envoy/envoy.yaml",
            "--concurrency",
            "1",
            "--disable-hot-restart",
            "-l",
            "warn",
        ],
        "ports": ports(options, settings),
        "resources": {
            "requests": {"cpu": options.cpu, "memory": options.memory},
            "limits": {"memory": options.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": {**probe, "periodSeconds": 1, "failureThreshold": 60},
        "readinessProbe": {**probe, "periodSeconds": 5},
        "livenessProbe": {**probe, "periodSeconds": 10, "failureThreshold": 6},
        **({"lifecycle": pause} if options.drain_seconds else {}),
        "volumeMounts": [
            {"name": name, "mountPath": f"{_FOLDER}/{folder}", "readOnly": True}
            for name, folder in (
                ("config", "envoy"),
                ("credentials", "secrets"),
                ("callers", "callers"),
                ("drill", "drill"),
                ("tls", "tls"),
            )
            if name in ("config", "credentials") or name in names or (name == "tls" and options.tls_secret)
        ],
    }


def _volumes(options: GatewayOptions, names: Mapping[str, Any]) -> list[Object]:
    """Whole folders, never single files: only a folder is renewed in a running pod when its Secret changes."""
    mode = _OWNER_AND_GROUP_READ
    volumes: list[Object] = [{"name": "config", "configMap": {"name": names["config"]}}]
    if options.renewer:
        volumes += renewer_volumes(options.renewer, names.get("credentials"))
    else:
        volumes.append(
            {"name": "credentials", "projected": {"defaultMode": mode, "sources": _sources(options, names)}}
        )
    for what in ("callers", "drill"):
        if what in names:
            volumes.append({"name": what, "secret": {"secretName": names[what], "defaultMode": mode}})
    if options.tls_secret:
        volumes.append({"name": "tls", "secret": {"secretName": options.tls_secret, "defaultMode": mode}})
    return volumes


def placeholders(table: RouteTable) -> dict[str, str]:
    """A file without a credential for every target; see `anyport.gateway.secrets.PLACEHOLDER`."""
    return {
        f"{endpoint.name}.{target.name}.yaml": PLACEHOLDER
        for endpoint in table.endpoints
        for target in endpoint.targets
    }


def _sources(options: GatewayOptions, names: Mapping[str, Any]) -> list[Object]:
    """The kubelet lets a later source replace a file of an earlier one, so placeholders come first."""
    found: list[Object] = []
    if "placeholders" in names:
        found.append({"configMap": {"name": names["placeholders"]}})
    if "credentials" in names:
        found.append({"secret": {"name": names["credentials"]}})
    if options.credentials_secret:
        found.append({"secret": {"name": options.credentials_secret, "optional": True}})
    return found


def _spread(key: str, labels: Mapping[str, str], *, must: bool) -> Object:
    """Counted among pods of one revision, so that a roll-out is not held up by the old ones."""
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "DoNotSchedule" if must else "ScheduleAnyway",
        "labelSelector": {"matchLabels": dict(labels)},
        "matchLabelKeys": ["pod-template-hash"],
    }


def network_policy_spec(
    options: GatewayOptions, settings: GatewaySettings, labels: Mapping[str, str], table: RouteTable
) -> Object:
    """In: callers and Prometheus. Out: DNS and the targets' ports, to every address, since targets are names."""
    callers: list[Object] = [{"podSelector": {}}, *(_namespace(name) for name in options.caller_namespaces)]
    ingress: list[Object] = [{"from": callers, "ports": [_port(settings.port)]}]
    if options.scrape != "none":
        watched = [_port(METRICS_PORT), *([_port(RENEWAL_PORT)] if options.renewer else [])]
        ingress.append({"from": [_namespace(options.prometheus_namespace)], "ports": watched})
    given = {int(address.rpartition(":")[2]) for address in settings.addresses.values()}
    outside = {target.port for endpoint in table.endpoints for target in endpoint.targets} | given
    if settings.caller_tokens and settings.caller_tokens.keys_url:
        outside.add(urlsplit(settings.caller_tokens.keys_url).port or 443)
    outside |= renewer_ports(options.renewer.sources) if options.renewer else set()
    return {
        "podSelector": {"matchLabels": dict(labels)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": [
            # To every address: a node-local DNS cache answers from the node, not from a pod.
            {"ports": [_port(53, "UDP"), _port(53)]},
            {"ports": [_port(port) for port in sorted(outside)]},
        ],
    }


def _namespace(name: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _port(port: int, protocol: str = "TCP") -> Object:
    return {"port": port, "protocol": protocol}
