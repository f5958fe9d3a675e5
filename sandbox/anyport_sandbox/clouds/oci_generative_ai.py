"""Simulated Generative AI control plane: clusters, endpoints, imported models, private endpoints, routing profiles.

Sources (collected 2026-11-22): oci SDK 2.189.0 for unit shapes and life-cycle states; Oracle's limitations page (50
endpoints per hosting cluster); oracle/ai-accelerator-starter-packs BUGS.md for 400-LimitExceeded (one H100_X8 is 8 of
the limit) and `langfuse_genai.tf` for the display name of imports; routing-profile pages for its rules.
The real operations take 20 to 120 minutes; here only a fault makes them slow.
Guesses: shapes are matched by family, not by the full list of 130; any model OCID or id is served by any cluster; the
name of a limit follows the shape's GPU; the wording of refusals other than the codes.
"""

from __future__ import annotations

import os
import re
from typing import Any

from .behaviour import Env, Inputs, Resource, at, known
from .errors import CloudError, Problem
from .oci_base import AnyOci
from .state import Records

__all__ = ["CLUSTER", "ENDPOINT", "MODEL", "PRIVATE", "PROFILE", "behaviours"]

CLUSTER = "oci:GenerativeAi/dedicatedAiCluster:DedicatedAiCluster"
ENDPOINT = "oci:GenerativeAi/endpoint:Endpoint"
MODEL = "oci:GenerativeAi/importedModel:ImportedModel"
PRIVATE = "oci:GenerativeAi/generativeAiPrivateEndpoint:GenerativeAiPrivateEndpoint"
PROFILE = "oci:GenerativeAi/routingProfile:RoutingProfile"
ENDPOINTS_PER_CLUSTER = 50
DEFAULT_LIMIT = 16
LEGACY = frozenset(
    [
        "LARGE_COHERE",
        "LARGE_COHERE_V2",
        "LARGE_COHERE_V2_2",
        "LARGE_COHERE_V3",
        "SMALL_COHERE",
        "SMALL_COHERE_V2",
        "SMALL_COHERE_4",
        "EMBED_COHERE",
        "RERANK_COHERE",
        "LLAMA2_70",
        "LARGE_GENERIC",
        "LARGE_GENERIC_2",
        "LARGE_GENERIC_4",
        "LARGE_GENERIC_V1",
        "LARGE_GENERIC_V2",
        "LARGE_GENERIC_V3",
        "LARGE_GENERIC_V4",
        "LARGE_GENERIC_V5",
        "SMALL_GENERIC_V1",
        "MEDIUM_GENERIC_V1",
        "SMALL_GENERIC_V2",
    ]
)
_SHAPE = re.compile(
    r"^((COHERE|META|OAI|SB)_)?(A10|A100_40G|A100_80G|H100|H200|B200|B300|L40S|MI300X)_X(1|2|4|8|16|32)$"
)
_REGION = re.compile(r"^[a-z]+(-[a-z]+)+-\d+$")


def limit_of(shape: str) -> tuple[str, int]:
    """The service limit that a unit of a shape counts against, and how much it counts."""
    match = _SHAPE.match(shape)
    if match is None:
        return f"dedicated-unit-{shape.lower().replace('_', '-')}-count", 1
    return f"dedicated-unit-{match[3].lower().replace('_', '-')}-count", int(match[4])


def _limit() -> int:
    """Units per limit and region: 16, or `ANYPORT_SANDBOX_OCI_LIMIT`. Real limits often start at 0."""
    return int(os.environ.get("ANYPORT_SANDBOX_OCI_LIMIT") or DEFAULT_LIMIT)


class DedicatedAiCluster(AnyOci):
    """GPUs by the hour."""

    kind = "generativeaidedicatedaicluster"
    name_key = ""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """Compartment; `type` and shape, which the real provider leaves to the service."""
        problems = super().check(env, res, inputs)
        kind, shape, count = (inputs.get(key) for key in ("type", "unitShape", "unitCount"))
        if known(kind) and kind not in ("HOSTING", "FINE_TUNING"):
            problems.append(Problem("type", "must be HOSTING or FINE_TUNING"))
        if known(shape) and shape not in LEGACY and not _SHAPE.match(str(shape)):
            problems.append(
                Problem("unitShape", "is not a known unit shape, such as OAI_A100_80G_X2 or H100_X1")
            )
        if isinstance(count, int) and count < 1:
            problems.append(Problem("unitCount", "must be at least 1"))
        return problems

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The service limit."""
        self._admit(env, inputs, records, "")

    def admit_update(
        self,
        env: Env,
        res: Resource,  # noqa: ARG002
        inputs: Inputs,
        record: dict[str, Any],
        records: Records,
    ) -> None:
        """The service limit, the cluster's own share left out."""
        self._admit(env, inputs, records, record["id"])

    def _admit(self, env: Env, inputs: Inputs, records: Records, own: str) -> None:
        name, each = limit_of(str(inputs.get("unitShape")))
        used = sum(
            limit_of(str(other["inputs"].get("unitShape")))[1] * int(other["inputs"].get("unitCount", 1))
            for other in records.of_type(CLUSTER)
            if other["id"] != own
            and f".{env.config.get('region')}." in other["id"]
            and limit_of(str(other["inputs"].get("unitShape")))[0] == name
        )
        wanted = each * int(inputs.get("unitCount", 1))
        if used + wanted > _limit():
            raise CloudError(
                f"The following service limits were exceeded: {name} (limit {_limit()}, in use {used}, asked {wanted}). "
                "Request a service limit increase for the region.",
                code="LimitExceeded", status=400,
            )  # fmt: skip

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """State and room for endpoints.

        `ANYPORT_SANDBOX_OCI_CLUSTER_STATE=NEEDS_ATTENTION` makes a cluster sick: the real provider counts that as
        created (terraform-provider-oci, CreatedTarget).
        """
        return {
            "state": os.environ.get("ANYPORT_SANDBOX_OCI_CLUSTER_STATE") or "ACTIVE",
            "capacities": [
                {
                    "capacityType": "HOSTING_CAPACITY",
                    "totalEndpointCapacity": ENDPOINTS_PER_CLUSTER,
                    "usedEndpointCapacity": 0,
                }
            ],
        }


class Endpoint(AnyOci):
    """A model on a cluster of the same region."""

    kind = "generativeaiendpoint"
    name_key = ""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """Moderation has two modes (REST model of the oci SDK)."""
        mode = at(inputs, "contentModerationConfig.mode")
        bad = known(mode) and mode not in ("INFORM", "BLOCK")
        return super().check(env, res, inputs) + (
            [Problem("contentModerationConfig.mode", "must be INFORM or BLOCK")] if bad else []
        )

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The cluster must be there, here, and well, and have room; so must what it names besides."""
        cluster = self._here(
            env, records, CLUSTER, inputs.get("dedicatedAiClusterId"), "dedicated AI cluster"
        )
        state = at(cluster["outputs"], "state")
        if state != "ACTIVE":
            raise CloudError(
                f"The dedicated AI cluster is {state}; an endpoint needs an ACTIVE one.",
                code="IncorrectState", status=409,
            )  # fmt: skip
        wanted = [
            r for r in records.of_type(ENDPOINT) if r["inputs"]["dedicatedAiClusterId"] == cluster["id"]
        ]
        if len(wanted) >= ENDPOINTS_PER_CLUSTER:
            raise CloudError(
                f"The dedicated AI cluster holds {ENDPOINTS_PER_CLUSTER} endpoints, which is the most.",
                code="LimitExceeded", status=400,
            )  # fmt: skip
        if str(inputs.get("modelId")).startswith("ocid1.generativeaiimportedmodel."):
            self._here(env, records, MODEL, inputs["modelId"], "imported model")
        if inputs.get("generativeAiPrivateEndpointId"):
            self._here(env, records, PRIVATE, inputs["generativeAiPrivateEndpointId"], "private endpoint")

    def _here(self, env: Env, records: Records, token: str, wanted: object, what: str) -> dict[str, Any]:
        region = env.config.get("region")
        found = next((r for r in records.of_type(token) if r["id"] == wanted), None)
        if found is None or f".{region}." not in found["id"]:
            raise CloudError(
                f"Authorization failed or requested resource not found: {what} '{wanted}' in {region}.",
                code="NotAuthorizedOrNotFound", status=404,
            )  # fmt: skip
        return found


class ImportedModel(AnyOci):
    """Weights of the tenant's own. The real import takes about 50 minutes."""

    kind = "generativeaiimportedmodel"
    name_key = ""

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """Letters, digits and hyphens in the display name; a source that is whole."""
        name = str(inputs.get("displayName") or "x")
        if not re.fullmatch(r"[A-Za-z0-9-]+", name):
            raise CloudError(
                f"displayName '{name}' may hold letters, digits and hyphens only.",
                code="InvalidParameter", status=400,
            )  # fmt: skip
        source = inputs.get("dataSource") or {}
        needed = {
            "HUGGING_FACE_MODEL": ("modelId",),
            "OBJECT_STORAGE_OBJECT": ("namespace", "bucket"),
        }.get(str(source.get("sourceType")))
        if needed is None or not all(source.get(key) for key in needed):
            raise CloudError(
                f"dataSource of type {source.get('sourceType')} is not complete.",
                code="InvalidParameter", status=400,
            )  # fmt: skip


class PrivateEndpoint(AnyOci):
    """An address in the tenant's subnet."""

    kind = "generativeaiprivateendpoint"
    name_key = ""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """The two types of the docstring."""
        kind = inputs.get("resourceType")
        bad = known(kind) and kind not in ("APPLICATION", "ENDPOINT")
        return super().check(env, res, inputs) + (
            [Problem("resourceType", "must be APPLICATION or ENDPOINT")] if bad else []
        )

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Host and address; their form is a guess."""
        region = env.config.get("region")
        return {
            "state": "ACTIVE",
            "fqdn": f"{inputs.get('dnsPrefix')}.inference.generativeai.{region}.oci.oraclecloud.com",
            "privateEndpointIp": "10.0.0.10",
        }


class RoutingProfile(AnyOci):
    """On-demand models and regions in order, nothing twice."""

    kind = "generativeairoutingprofile"
    name_key = ""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """What the pages rule out; found here, since the service answers at once."""
        problems = super().check(env, res, inputs)
        models = at(inputs, "modelRoutingPolicy.allowedModels") or []
        regions = at(inputs, "regionRoutingPolicy.allowedRegions") or []
        for path, items in (
            ("modelRoutingPolicy.allowedModels", models),
            ("regionRoutingPolicy.allowedRegions", regions),
        ):
            if len({str(item) for item in items}) != len(items):
                problems.append(Problem(path, "names one of them twice"))
        if any(str(model).startswith("ocid1.") for model in models):
            problems.append(
                Problem("modelRoutingPolicy.allowedModels", "takes on-demand models only, by name")
            )
        if any(known(region) and not _REGION.match(str(region)) for region in regions):
            problems.append(Problem("regionRoutingPolicy.allowedRegions", "takes region identifiers"))
        return problems


def behaviours() -> dict[str, AnyOci]:
    """By resource type."""
    return {
        CLUSTER: DedicatedAiCluster(CLUSTER),
        ENDPOINT: Endpoint(ENDPOINT),
        MODEL: ImportedModel(MODEL),
        PRIVATE: PrivateEndpoint(PRIVATE),
        PROFILE: RoutingProfile(PROFILE),
    }
