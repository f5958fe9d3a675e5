"""A Generative AI API key made after the policy, its value kept in a vault.

No Pulumi resource makes one, so a dynamic provider does (`api_key_provider.py`). The value passes the engine as a
secret once, on its way into the vault; contracts carry a reference to it.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import pulumi
import pulumi_oci as oci
from pulumi.dynamic import Resource

from ...errors import BuildError, Problem
from .api_key_provider import ApiKeyProvider
from .site import Site

__all__ = ["ApiKey", "make_api_key"]


class ApiKey(Resource, module="anyport", name="OciApiKey"):
    """An API key with its two secrets.

    Outputs:
        content: the secret in use, base64, as a Pulumi secret.
        slot: which of the two that is.
        expires_on: when it stops working, RFC 3339; empty where Oracle does not say.
    """

    content: pulumi.Output[str]
    slot: pulumi.Output[str]
    expires_on: pulumi.Output[str]

    def __init__(self, name: str, props: dict[str, Any], opts: pulumi.ResourceOptions) -> None:
        """See `ApiKeyProvider` for the inputs."""
        outputs = {"content": None, "slot": None, "expires_on": None}
        hidden = pulumi.ResourceOptions(additional_secret_outputs=["content"])
        super().__init__(
            ApiKeyProvider(), name, {**props, **outputs}, pulumi.ResourceOptions.merge(opts, hidden)
        )


def make_api_key(site: Site, policy: oci.identity.Policy) -> str | None:
    """Make the key and keep it.

    Returns:
        The reference for contracts, `oci-vault:<vault OCID>/<secret name>`; None when no key is asked for.

    Raises:
        BuildError: AP303 when the `oci` package is not installed.
    """
    asked = site.options.managed_api_key
    if asked is None:
        return None
    args = site.target.args
    if importlib.util.find_spec("oci") is None:
        path = f"endpoints.{args.endpoint}.targets.{args.planned.name}.options.managed_api_key"
        message = "managed_api_key needs Oracle's oci package, which is not installed here"
        raise BuildError([Problem("AP303", path, message, fix="run: pip install 'anyport[oci]'")])
    key = ApiKey(
        site.name("api-key"),
        {
            "compartment_id": site.compartment,
            "region": site.region,
            "display_name": site.target.physical(100, unique=True),
            "freeform_tags": site.tags,
            "rotation": asked.rotation,
        },
        site.target.child(depends_on=[policy], protect=site.protect),
    )
    name = asked.secret_name or site.target.physical(100, unique=True)
    oci.vault.Secret(
        site.name("secret"),
        compartment_id=site.compartment,
        vault_id=asked.vault_id,
        key_id=asked.key_id,
        secret_name=name,
        description=f"API key for endpoint {args.endpoint} in {site.region}",
        secret_content=oci.vault.SecretSecretContentArgs(content_type="BASE64", content=key.content),
        freeform_tags=site.tags,
        opts=site.tagged(asked.vault_region or site.region, protect=site.protect),
    )
    return f"oci-vault:{asked.vault_id}/{name}"
