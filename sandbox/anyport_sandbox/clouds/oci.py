"""The simulated Oracle Cloud, for the resource types an OCI Generative AI endpoint needs.

Sources (collected 2026-11-22): terraform-provider-oci 8.28.0 for what replaces, oci SDK 2.189.0 for unit shapes, Oracle's
pages for policy statements. Identity is written in the home region only; the sandbox's tenancy has its home in
us-ashburn-1, or where `ANYPORT_SANDBOX_OCI_HOME_REGION` says.
Guesses: shapes are matched by family, not by the full list of 130; a compartment must look like an OCID; any model OCID
or id is served by any cluster.
"""

from __future__ import annotations

import os
import re

from .behaviour import Behaviour, Env, Inputs, Resource, at, digest, known, require
from .errors import CloudError, Problem
from .operations import Package
from .state import Records

__all__ = ["PACKAGE"]

_CLUSTER = "oci:GenerativeAi/dedicatedAiCluster:DedicatedAiCluster"
_REGION_KEYS = {
    "us-ashburn-1": "IAD", "us-phoenix-1": "PHX", "us-chicago-1": "ORD", "us-sanjose-1": "SJC",
    "eu-frankfurt-1": "FRA", "eu-amsterdam-1": "AMS", "uk-london-1": "LHR", "ap-tokyo-1": "NRT",
    "ap-osaka-1": "KIX", "sa-saopaulo-1": "GRU", "ap-hyderabad-1": "HYD", "me-dubai-1": "DXB", "me-riyadh-1": "RUH",
}  # fmt: skip
_LEGACY = [
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
_SHAPE = re.compile(
    r"^((COHERE|META|OAI|SB)_)?(A10|A100_40G|A100_80G|H100|H200|B200|B300|L40S|MI300X)_X(1|2|4|8|16|32)$"
)
_COMPARTMENT = re.compile(r"^ocid1\.(compartment|tenancy)\.")
_STATEMENT = re.compile(r"^\s*(allow|define|endorse|admit|deny)\s+\S", re.IGNORECASE)
_NO_REGION = "can not create client, bad configuration: region is not set; give the oci provider a region."


def home_region() -> str:
    """The home region of the sandbox's tenancy."""
    return os.environ.get("ANYPORT_SANDBOX_OCI_HOME_REGION") or "us-ashburn-1"


class AnyOci(Behaviour):
    """Every other type, and what the written-out ones share: OCIDs, compartments, the provider's region."""

    immutable: tuple[str, ...] = ()
    kind = ""

    def __init__(self, token: str = "") -> None:
        self.kind = self.kind or token.rpartition(":")[2].lower()

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """A compartment is named by its OCID."""
        compartment = inputs.get("compartmentId")
        bad = known(compartment) and not _COMPARTMENT.match(str(compartment))
        return [Problem("compartmentId", "must be the OCID of a compartment or tenancy")] if bad else []

    def autoname(self, res: Resource) -> str:
        """The bridge's `-` and seven digits."""
        return f"{res.name}-{digest(res.urn, res.seed)[:7]}"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """An OCID that depends on the resource and on how often it was created."""
        region = require(env.config, "region", _NO_REGION)
        unique = digest(res.urn, region, str(records.serial(res.urn)))[:60]
        return f"ocid1.{self.kind}.oc1.{region}.{unique}"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The life-cycle state."""
        return {"state": "ACTIVE"}


class HomeRegionOnly(AnyOci):
    """Identity resources: their writes are refused outside the home region, and their names are unique."""

    immutable = ("compartmentId", "name")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__()

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Identity OCIDs carry no region."""
        require(env.config, "region", _NO_REGION)
        return f"ocid1.{self.kind}.oc1..{digest(res.urn, str(records.serial(res.urn)))[:60]}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Home region, unique name."""
        self._admit_home(env)
        for other in records.of_type(res.type):
            same = all(other["inputs"].get(key) == inputs.get(key) for key in ("name", "compartmentId"))
            if same:
                raise CloudError(
                    f"{res.kind} '{inputs.get('name')}' already exists.",
                    code="PolicyAlreadyExists",
                    status=409,
                )

    def admit_update(
        self,
        env: Env,
        res: Resource,  # noqa: ARG002
        inputs: Inputs,  # noqa: ARG002
        record: dict[str, object],  # noqa: ARG002
        records: Records,  # noqa: ARG002
    ) -> None:
        """Home region."""
        self._admit_home(env)

    def _admit_home(self, env: Env) -> None:
        home = home_region()
        if env.config.get("region") != home:
            raise CloudError(
                f"Please go to your home region {_REGION_KEYS.get(home, home)} to execute CREATE, UPDATE and DELETE "
                f"operations (the provider's region is {env.config.get('region')}, home is {home}).",
                code="NotAllowed", status=403,
            )  # fmt: skip


class Policy(HomeRegionOnly):
    """A policy; its statements must at least begin like statements."""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """The verb of every statement."""
        statements = inputs.get("statements")
        return super().check(env, res, inputs) + [
            Problem(f"statements[{n}]", "must start with `allow`, `deny`, `define`, `endorse` or `admit`")
            for n, text in enumerate(statements if isinstance(statements, list) else [])
            if known(text) and not _STATEMENT.match(str(text))
        ]


class DedicatedAiCluster(AnyOci):
    """GPUs by the hour. The real one takes up to 80 minutes; here only a fault makes it slow."""

    kind = "generativeaidedicatedaicluster"
    name_key = ""
    immutable = ("type", "unitShape")

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """Compartment; `type` and shape, which the real provider leaves to the service."""
        problems = super().check(env, res, inputs)
        kind, shape, count = (inputs.get(key) for key in ("type", "unitShape", "unitCount"))
        if known(kind) and kind not in ("HOSTING", "FINE_TUNING"):
            problems.append(Problem("type", "must be HOSTING or FINE_TUNING"))
        if known(shape) and shape not in _LEGACY and not _SHAPE.match(str(shape)):
            problems.append(
                Problem("unitShape", "is not a known unit shape, such as OAI_A100_80G_X2 or H100_X1")
            )
        if isinstance(count, int) and count < 1:
            problems.append(Problem("unitCount", "must be at least 1"))
        return problems

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """State and room for endpoints (50 per unit, a guess)."""
        units = inputs.get("unitCount")
        room = units * 50 if isinstance(units, int) else 50
        return {
            "state": "ACTIVE",
            "capacities": [
                {"capacityType": "HOSTING_CAPACITY", "totalEndpointCapacity": room, "usedEndpointCapacity": 0}
            ],
        }


class Endpoint(AnyOci):
    """A model on a cluster of the same region."""

    kind = "generativeaiendpoint"
    name_key = ""
    immutable = ("dedicatedAiClusterId", "modelId")

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The cluster must be there, here, and well."""
        wanted, region = inputs.get("dedicatedAiClusterId"), env.config.get("region")
        cluster = next((r for r in records.of_type(_CLUSTER) if r["id"] == wanted), None)
        if cluster is None or f".{region}." not in cluster["id"]:
            raise CloudError(
                f"Authorization failed or requested resource not found: dedicated AI cluster '{wanted}' in {region}.",
                code="NotAuthorizedOrNotFound", status=404,
            )  # fmt: skip
        state = at(cluster["outputs"], "state")
        if state != "ACTIVE":
            raise CloudError(
                f"The dedicated AI cluster is {state}; an endpoint needs an ACTIVE one.",
                code="IncorrectState", status=409,
            )  # fmt: skip


PACKAGE = Package(
    name="oci",
    behaviours={
        "oci:Identity/policy:Policy": Policy("policy"),
        "oci:Identity/dynamicGroup:DynamicGroup": HomeRegionOnly("dynamicgroup"),
        _CLUSTER: DedicatedAiCluster(),
        "oci:GenerativeAi/endpoint:Endpoint": Endpoint(),
    },
    fallback=AnyOci,
)
