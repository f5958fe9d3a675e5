"""How callers reach the server: a Service in the cluster, and `/v1` alone from outside.

vLLM checks its key under `/v1` and a few other prefixes only: `/invocations` runs the model for anyone, `/metrics`
and `/tokenize` answer anyone. So nothing but `/v1` is ever routed, and no Service is of type LoadBalancer.
"""

from __future__ import annotations

from typing import Any

from .command import PORT
from .server import Exposure, Server
from .workload import serving_labels

__all__ = ["SERVICE", "base_url", "http_route_spec", "ingress_annotations", "ingress_spec", "service_spec"]

SERVICE = "vllm-server"
"""Not `vllm`: Kubernetes would set VLLM_PORT for it."""


def service_spec(server: Server) -> dict[str, Any]:
    """Inside the cluster; pods that are not ready are left out."""
    return {
        "type": "ClusterIP",
        "selector": serving_labels(server),
        "ports": [{"name": "http", "port": PORT, "targetPort": "http"}],
    }


def base_url(server: Server) -> str:
    """What an OpenAI client takes."""
    if server.exposure:
        return f"https://{server.exposure.host}/v1"
    return f"http://{SERVICE}.{server.namespace}.svc.cluster.local:{PORT}/v1"


def ingress_annotations(exposure: Exposure) -> dict[str, str]:
    """A certificate, and for Traefik its TLS entry point only: a key must not travel in clear text."""
    annotations = {"cert-manager.io/cluster-issuer": exposure.cluster_issuer}
    if exposure.ingress_class == "traefik":
        annotations |= {
            "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
            "traefik.ingress.kubernetes.io/router.tls": "true",
        }
    return annotations


def ingress_spec(exposure: Exposure) -> dict[str, Any]:
    """`/v1`, with a certificate by cert-manager."""
    backend = {"service": {"name": SERVICE, "port": {"name": "http"}}}
    paths = [{"path": "/v1", "pathType": "Prefix", "backend": backend}]
    return {
        "ingressClassName": exposure.ingress_class,
        "tls": [{"hosts": [exposure.host], "secretName": f"{SERVICE}-tls"}],
        "rules": [{"host": exposure.host, "http": {"paths": paths}}],
    }


def http_route_spec(exposure: Exposure) -> dict[str, Any]:
    """`/v1` under a Gateway that exists; its listener holds the certificate and must admit this namespace."""
    name, namespace, section = exposure.gateway
    return {
        "parentRefs": [{"name": name, "namespace": namespace, "sectionName": section}],
        "hostnames": [exposure.host],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/v1"}}],
                "backendRefs": [{"name": SERVICE, "port": PORT}],
                # Some gateways cut an answer off after 15 seconds; a long one takes minutes.
                "timeouts": {"request": "0s"},
            }
        ],
    }
