"""What a control plane reads at its start: certificates, the token file, kubeconfigs, the scheduler's settings."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

import trustme

from anyport_sandbox.servers.files import private_dir, write_private

__all__ = ["Files", "kubeconfig", "prepare"]


@dataclass(frozen=True)
class Files:
    """Paths in the work directory; everything in it that is secret has mode 0600."""

    folder: Path
    ca: Path
    certificate: Path
    signing_key: Path
    tokens: Path
    scheduler_config: Path
    kubeconfig: Path
    token: str


def prepare(folder: Path, api_url: str) -> Files:
    """Write the files of a start. Tokens and certificates are new each time, the key of service accounts is kept
    beside the state that was signed with it.
    """
    folder = private_dir(folder)
    files = Files(
        folder=folder,
        ca=folder / "ca.pem",
        certificate=folder / "apiserver.pem",
        signing_key=folder / "service-accounts.pem",
        tokens=folder / "tokens.csv",
        scheduler_config=folder / "scheduler.json",
        kubeconfig=folder / "kubeconfig",
        token=f"CW-SECRET-{secrets.token_hex(24)}",
    )
    authority = trustme.CA(organization_name="Anyport sandbox", organization_unit_name="local cluster")
    names = ("127.0.0.1", "localhost", "kubernetes.default.svc", "kubernetes")
    write_private(files.ca, authority.cert_pem.bytes())
    write_private(files.certificate, authority.issue_cert(*names).private_key_and_cert_chain_pem.bytes())
    if not files.signing_key.exists():
        write_private(files.signing_key, trustme.CA().private_key_pem.bytes())
    write_private(files.tokens, f'{files.token},sandbox-admin,sandbox-admin,"system:masters"\n')
    write_private(files.kubeconfig, kubeconfig(api_url, files.token, files.ca))
    write_private(files.scheduler_config, _scheduler(files.kubeconfig))
    return files


def kubeconfig(api_url: str, token: str, ca: Path) -> str:
    """A kubeconfig of CoreWeave's form, server and token, as JSON (which is YAML); and our own authority."""
    name = "anyport-sandbox"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": api_url, "certificate-authority": str(ca)}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
            "current-context": name,
        },
        indent=1,
    )


def _scheduler(kubeconfig_path: Path) -> str:
    """The scheduler's settings: its usual ones, but it looks again after one second at most, not ten."""
    return json.dumps(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(kubeconfig_path), "qps": 200, "burst": 400},
            "leaderElection": {"leaderElect": False},
            "podInitialBackoffSeconds": 1,
            "podMaxBackoffSeconds": 1,
        }
    )
