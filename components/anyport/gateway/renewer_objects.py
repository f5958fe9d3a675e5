"""The renewer of credentials in the gateway's pods: a sidecar that starts before Envoy and writes what it reads.

Tokens are in memory only (an `emptyDir` of medium Memory). The container is an init container that stays
(`restartPolicy: Always`), so that Envoy finds its files; that needs Kubernetes 1.29 or later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .credential_sources import CredentialSource

__all__ = [
    "GIVEN_FOLDER",
    "RENEWAL_PORT",
    "RenewerOptions",
    "renewer_container",
    "renewer_ports",
    "renewer_volumes",
    "sources_yaml",
]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Target = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9-]*$")]
Object = dict[str, Any]

RENEWAL_PORT = 9903
GIVEN_FOLDER = "/etc/anyport/given"
_TOKENS_FOLDER = "/var/run/secrets/anyport"
_KEYS_FOLDER = "/etc/anyport/keys"
_MODE = 0o440


class RenewerOptions(BaseModel):
    """A sidecar that has tokens from Entra and Google again before they end."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    image: Annotated[str, StringConstraints(min_length=3, max_length=512)]
    """Image with this package installed, in which `anyport` can be run; in prod by digest. No default: none is
    published."""
    sources: dict[Target, CredentialSource]
    """`endpoint/target` → where its credential comes from. Targets with a key among the component's
    `credentials` need none."""
    tokens: dict[Name, Annotated[str, StringConstraints(min_length=1)]] = Field(default_factory=dict)
    """Name → audience of a token of the pod's service account, for sources with a `token_file`: it is at
    `/var/run/secrets/anyport/<name>`, and the kubelet renews it. Entra's audience is
    `api://AzureADTokenExchange`, Google's `https:` and the name of the pool's provider."""
    keys_secret: Name | None = None
    """Secret in the namespace whose files are at `/etc/anyport/keys`, for client secrets and keys."""
    service_account: Name = "default"
    """Service account of the pods: who they are to Entra and Google (`system:serviceaccount:<namespace>:<name>`).
    Made when it is not `default`."""
    memory: Annotated[str, StringConstraints(pattern=r"^[0-9]+[KMG]i$")] = "128Mi"
    """Memory asked for and allowed."""


def sources_yaml(options: RenewerOptions, given: Iterable[str]) -> str:
    """The sidecar's file: the options' sources, and the mounted Secret for targets that have keys."""
    targets: Object = {
        name: source.model_dump(exclude_none=True, exclude_defaults=False)
        for name, source in options.sources.items()
    }
    for name in given:
        targets[name] = {"kind": "envoy_file", "path": f"{GIVEN_FOLDER}/{name.replace('/', '.')}.yaml"}
    return yaml.safe_dump({"targets": dict(sorted(targets.items()))}, sort_keys=False)


def renewer_container(options: RenewerOptions, *, given: bool) -> Object:
    """The sidecar. `given` is whether a Secret with keys is mounted."""
    mounts = {
        "config": "/etc/anyport/envoy",
        "tokens": _TOKENS_FOLDER,
        "keys": _KEYS_FOLDER,
        "given": GIVEN_FOLDER,
    }
    wanted = {"config", *(["tokens"] if options.tokens else [])}
    wanted |= {*(["keys"] if options.keys_secret else []), *(["given"] if given else [])}
    probe = {"port": "renewal", "scheme": "HTTP"}
    return {
        "name": "renewer",
        "image": options.image,
        "restartPolicy": "Always",
        "command": ["anyport"],
        "args": [
            "gateway-credentials", "--sources", "/etc/anyport/envoy/sources.yaml", "--folder", "/etc/anyport/secrets",
            "--address", "0.0.0.0", "--port", str(RENEWAL_PORT),  # noqa: S104  # inside a pod, behind a network policy
        ],
        "ports": [{"name": "renewal", "containerPort": RENEWAL_PORT}],
        "resources": {
            "requests": {"cpu": "10m", "memory": options.memory},
            "limits": {"memory": options.memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "startupProbe": {"httpGet": {"path": "/started", **probe}, "periodSeconds": 1, "failureThreshold": 120},
        "livenessProbe": {"httpGet": {"path": "/healthz", **probe}, "periodSeconds": 10, "timeoutSeconds": 5},
        "volumeMounts": [
            {"name": "credentials", "mountPath": "/etc/anyport/secrets"},
            *(
                {"name": name, "mountPath": path, "readOnly": True}
                for name, path in mounts.items()
                if name in wanted
            ),
        ],
    }  # fmt: skip


def renewer_volumes(options: RenewerOptions, given: Any) -> list[Object]:
    """The folder that both containers share, and what the sidecar reads. `given` names a Secret with keys, or is None."""
    volumes: list[Object] = [{"name": "credentials", "emptyDir": {"medium": "Memory", "sizeLimit": "8Mi"}}]
    if given is not None:
        volumes.append({"name": "given", "secret": {"secretName": given, "defaultMode": _MODE}})
    if options.keys_secret:
        volumes.append({"name": "keys", "secret": {"secretName": options.keys_secret, "defaultMode": _MODE}})
    if options.tokens:
        sources = [
            {"serviceAccountToken": {"path": name, "audience": audience, "expirationSeconds": 3600}}
            for name, audience in options.tokens.items()
        ]
        volumes.append({"name": "tokens", "projected": {"defaultMode": _MODE, "sources": sources}})
    return volumes


def renewer_ports(sources: Mapping[str, CredentialSource]) -> set[int]:
    """Ports of the token servers, for the network policy."""
    found = set()
    for source in sources.values():
        for field in ("authority", "token_url", "iam_url", "url"):
            url = urlsplit(getattr(source, field, "") or "")
            if url.hostname:
                found.add(url.port or (443 if url.scheme == "https" else 80))
    return found
