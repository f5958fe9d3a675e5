"""Every spelling of an address that a cloud takes, brought back to one route's base path.

Sources, collected 2026-11-22: Microsoft "API version lifecycle" (2026-03-19) for the v1 and the dated
form; Oracle's oci-openai README and starter packs for the older and the per-endpoint forms; the Vertex
discovery document v1beta1 (2026-11-06). vLLM has `/v1` only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from anyport_sandbox.servers.errors import ApiError
from anyport_sandbox.servers.routes import Provider, Route

__all__ = ["API_VERSIONS", "Address", "host_names", "locate"]

API_VERSIONS = frozenset({"2024-10-21", "2025-04-01-preview"})
"""The last dated GA and preview version. Older ones may still answer in truth: refusing them is a guess."""

_AZURE_HOSTS = (".openai.azure.com", ".services.ai.azure.com")
_DATED = re.compile(r"^/openai/deployments/([^/]+)(/.+)$")
_OCI_BASES = ("/openai/v1", "/20231130/actions/v1", "/20231130/openai/v1")
_OCI_ENDPOINT = re.compile(r"^/(ocid1\.generativeaiendpoint\.[^/]+)/v1(/.+)$")
_VERTEX = re.compile(r"^/(v1|v1beta1)(/projects/.+)$")


@dataclass(frozen=True)
class Address:
    """Where a request goes.

    Attributes:
        base: the base path of the routes meant; a name no route has when there is none.
        operation: what follows it, such as `/chat/completions`.
        model: the model the path itself names, which then wins over the body's; empty when it names none.
        form: `v1`, or `dated` (Azure), `endpoint` (OCI), `v1beta1` (Vertex).
    """

    base: str
    operation: str
    model: str = ""
    form: str = "v1"


def host_names(route: Route) -> list[str]:
    """The host names at which a route answers: an Azure account has two, all others one."""
    if route.provider == "azure_openai":
        for end in _AZURE_HOSTS:
            if route.host.endswith(end):
                return [route.host.removesuffix(end) + each for each in _AZURE_HOSTS]
    return [route.host]


def locate(provider: Provider, routes: Sequence[Route], path: str, query: Mapping[str, str]) -> Address:
    """The address a path means at one provider's host.

    Raises:
        ApiError: 404 for Azure's dated form without an api-version or with an unknown one (that it is
            404 "Resource not found" follows Microsoft's table: 404 is a wrong deployment, URL or version).
    """
    bases = {route.base_path for route in routes}
    if provider == "azure_openai" and (dated := _DATED.match(path)):
        if query.get("api-version") not in API_VERSIONS:
            raise ApiError(404, "not_found")
        return Address("/openai/v1", dated[2], dated[1], "dated")
    if provider == "oci_generative_ai" and (found_oci := _oci(bases, path)):
        return found_oci
    if provider == "vertex_ai" and (found := _VERTEX.match(path)):
        for version in (found[1], "v1", "v1beta1"):
            address = _longest(bases, f"/{version}{found[2]}")
            if address.base in bases:
                return replace(address, form=found[1])
    return _longest(bases, path)


def _oci(bases: set[str], path: str) -> Address | None:
    """One of OCI's other spellings of a base path that has routes."""
    home = next((base for base in _OCI_BASES if base in bases), None)
    if home is None:
        return None
    if own := _OCI_ENDPOINT.match(path):
        return Address(home, own[2], own[1], "endpoint")
    spelt = next((base for base in _OCI_BASES if path.startswith(f"{base}/")), None)
    return Address(spelt if spelt in bases else home, path.removeprefix(spelt)) if spelt else None


def _longest(bases: set[str], path: str) -> Address:
    base = max((each for each in bases if path.startswith(f"{each}/")), key=len, default="?")
    return Address(base, path.removeprefix(base))
