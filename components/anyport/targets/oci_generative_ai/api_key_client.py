"""A client of the Generative AI control plane, with the credentials and the host that Oracle's own tools would use."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

__all__ = ["Settings", "connect", "credentials", "host_override", "sdk"]

OVERRIDES = "CLIENT_HOST_OVERRIDES"
CLIENT = "oci_generative_ai.GenerativeAiClient"
MISSING = "Oracle's oci package is not installed here. Run: pip install 'anyport[oci]'"
FIELDS = {
    "tenancy": "tenancyOcid",
    "user": "userOcid",
    "fingerprint": "fingerprint",
    "key_content": "privateKey",
    "key_file": "privateKeyPath",
    "pass_phrase": "privateKeyPassword",
}
"""Setting of the oci package → key of the Pulumi configuration `oci:`."""


class Settings(Protocol):
    """The stack's configuration, secrets opened."""

    def get(self, key: str) -> Any:
        """The value of a key such as `oci:userOcid`, or None."""
        ...


def connect(region: str, settings: Settings) -> Any:
    """A client for one region.

    Raises:
        RuntimeError: the oci package is missing.
        oci.exceptions.ClientError: no usable credentials.
    """
    oci = sdk()
    config, more = credentials(settings, os.environ)
    host = host_override(os.environ)
    if host:
        more["service_endpoint"] = host
    return oci.generative_ai.GenerativeAiClient(
        {**config, "region": region}, retry_strategy=oci.retry.DEFAULT_RETRY_STRATEGY, **more
    )


def sdk() -> Any:
    """Oracle's own package, an optional extra. Raises RuntimeError where it is missing."""
    try:
        return importlib.import_module("oci")
    except ImportError:
        raise RuntimeError(MISSING) from None


def host_override(environ: Mapping[str, str]) -> str:
    """The host that `CLIENT_HOST_OVERRIDES` names for this client, or empty.

    The variable and its forms are those of Oracle's Terraform provider: `TF_VAR_` before `OCI_` before plain,
    entries apart by `;`, one `=` each.
    """
    for prefix in ("TF_VAR_", "OCI_", ""):
        text = environ.get(prefix + OVERRIDES, "")
        if text:
            entries = dict(entry.split("=", 1) for entry in text.split(";") if "=" in entry)
            return entries.get(CLIENT, "")
    return ""


def credentials(settings: Settings, environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Configuration and further arguments of a client.

    From the stack's `oci:` settings, else `TF_VAR_…` variables, else the file and profile of Oracle's tools.
    """
    oci = sdk()
    auth = settings.get("oci:auth") or environ.get("TF_VAR_auth") or "ApiKey"
    if auth == "InstancePrincipal":
        return {}, {"signer": oci.auth.signers.InstancePrincipalsSecurityTokenSigner()}
    if auth == "ResourcePrincipal":
        return {}, {"signer": oci.auth.signers.get_resource_principals_signer()}
    if auth == "ApiKey":
        found = {field: _setting(settings, environ, key) for field, key in FIELDS.items()}
        if found["tenancy"] and found["user"] and (found["key_content"] or found["key_file"]):
            return {field: value for field, value in found.items() if value}, {}
    profile = settings.get("oci:configFileProfile") or environ.get("OCI_CLI_PROFILE") or "DEFAULT"
    file = environ.get("OCI_CLI_CONFIG_FILE") or environ.get("OCI_CONFIG_FILE") or "~/.oci/config"
    config = oci.config.from_file(str(Path(file).expanduser()), profile)
    if auth != "SecurityToken":
        return config, {}
    token = Path(config["security_token_file"]).expanduser().read_text("utf-8")
    key = oci.signer.load_private_key_from_file(config["key_file"], config.get("pass_phrase"))
    return config, {"signer": oci.auth.signers.SecurityTokenSigner(token, key)}


def _setting(settings: Settings, environ: Mapping[str, str], key: str) -> str:
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
    return str(settings.get(f"oci:{key}") or environ.get(f"TF_VAR_{snake}") or "")
