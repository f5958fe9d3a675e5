"""Who may reach the pods, what they may reach, how many may be away at once, and how many GPUs they may hold."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from .command import PORT
from .server import Server

__all__ = ["disruption_budget_spec", "network_policy_spec", "quota_spec"]


def network_policy_spec(server: Server) -> dict[str, Any]:
    """Everything that is not named is shut.

    In: the Ingress or Gateway controller's namespace when there is a host, the named callers, Prometheus when
    monitoring is asked for. Probes come from the node, which network plugins let through. Out: DNS, 443, the
    object storage. Names cannot be given for what lies outside the cluster, so 443 is open to every address.
    """
    ingress = [{"from": [_namespace(name)], "ports": [_port(PORT)]} for name in _callers(server)]
    egress: list[dict[str, Any]] = [
        # To every address: a node-local DNS cache answers from the node, not from a pod.
        {"ports": [_port(53, "UDP"), _port(53)]},
        {"ports": [_port(port) for port in _egress_ports(server)]},
    ]
    if server.nodes > 1:
        group = {"podSelector": {"matchLabels": server.labels}}
        ingress.append({"from": [group]})
        egress.append({"to": [group]})
    return {
        "podSelector": {"matchLabels": server.labels},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }


def disruption_budget_spec(server: Server) -> dict[str, Any]:
    """One at a time. `minAvailable: 1` would block the drain of a node for ever at one replica."""
    return {"maxUnavailable": 1, "selector": {"matchLabels": server.labels}}


def quota_spec(server: Server, max_gpus: int) -> dict[str, Any]:
    """GPUs only. Kubernetes counts an extended resource by its requests; a quota of processors or memory would
    refuse every pod that does not name them.
    """
    return {"hard": {f"requests.{server.profile.gpu_resource}": str(max_gpus)}}


def _callers(server: Server) -> list[str]:
    names = [server.network.ingress_namespace] if server.exposure else []
    names += server.network.caller_namespaces
    names += [server.monitoring.namespace] if server.monitoring else []
    return list(dict.fromkeys(names))


def _egress_ports(server: Server) -> list[int]:
    ports = {443, *server.network.egress_ports}
    if server.object_store_endpoint:
        url = urlsplit(server.object_store_endpoint)
        ports.add(url.port or (443 if url.scheme == "https" else 80))
    return sorted(ports)


def _namespace(name: str) -> dict[str, Any]:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _port(port: int, protocol: str = "TCP") -> dict[str, Any]:
    return {"port": port, "protocol": protocol}
