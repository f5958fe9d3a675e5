"""Options of an OCI Generative AI target: on-demand, or on a dedicated AI cluster."""

from __future__ import annotations

from ..options import Capability, ProviderTraits, TargetOptions
from .refusals import refuse
from .target_options import OciGenerativeAiOptions
from .together import claims

__all__ = ["TRAITS", "OciGenerativeAiOptions"]


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    asked = options.deployment_kind if isinstance(options, OciGenerativeAiOptions) else None
    kind = asked or ("on_demand" if not offered or "on_demand" in offered else offered[0])
    if offered and kind not in offered:
        return "", f"deployment_kind {kind} is not offered; offered: {', '.join(offered)}"
    notes = [] if offered else ["the catalog does not know the deployment kinds here"]
    if isinstance(options, OciGenerativeAiOptions) and options.region_fallback:
        where = ", ".join(options.region_fallback)
        notes.append(f"calls may be served in {where} too; that is no fallback region of the endpoint")
    return kind, "; ".join(notes)


_DEDICATED = "dedicated only"
TRAITS = ProviderTraits(
    name="oci_generative_ai",
    options=OciGenerativeAiOptions,
    component="OciGenerativeAiTarget",
    kind=_kind,
    auth="oci_api_key",
    refuse=refuse,
    claims=claims,
    capabilities={
        "regional": Capability(True, "unless `region_fallback` lets calls leave the region"),
        "region_fallback": Capability(True, "routing profile; on demand only, and Oracle sets the order"),
        "identity": Capability(True, "IAM groups for signed calls; API keys by compartment, model and id"),
        "keyless": Capability(False, "OpenAI clients need an API key; signed calls need Oracle's own client"),
        "workload_identity": Capability(True, "dynamic group; signed calls with Oracle's client only"),
        "network": Capability(
            False, "the public address has no network rules of its own; use private_access with dedicated"
        ),
        "private_access": Capability(True, _DEDICATED),
        "customer_managed_key": Capability(
            False, "clusters, endpoints and imported models take no key of yours in Oracle's provider"
        ),
        "content_safety": Capability(True, f"{_DEDICATED}; moderation, no prompt injection or PII setting"),
        "alerts": Capability(True, f"{_DEDICATED}: on demand emits no metrics"),
        "diagnostics": Capability(False, "Oracle's provider has no request log for Generative AI"),
        "budget": Capability(True, "for the compartment, made in the home region"),
        "quota": Capability(True, "capped by a quota policy; raising a limit is a request to Oracle"),
        "tags": Capability(True, "freeform tags; defined tags are left to the tenancy"),
        "version_pinning": Capability(True, "the model id names the version; imported weights by commit"),
        "deletion_protection": Capability(True, "cluster, imported model, API key and its secret"),
        "drift": Capability(True, "all but defined tags and the value of an API key"),
    },
)
