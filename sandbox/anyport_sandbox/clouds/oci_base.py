"""What all resource types of the simulated Oracle Cloud share: OCIDs, compartments, the provider's region, tags.

What replaces is read from the SDK's own docstrings: an input marked `(Updatable)` there changes in place, every
other one forces a new resource, as Oracle's Terraform provider (8.28.0) does.
"""

from __future__ import annotations

import os
import re
from functools import cache
from typing import Any

from .behaviour import Behaviour, Env, Inputs, Resource, digest, known, require
from .errors import CloudError, Problem
from .schema import arguments, shape_of
from .state import Records

__all__ = ["NO_REGION", "AnyOci", "HomeRegionOnly", "home_region", "updatable"]

_REGION_KEYS = {
    "us-ashburn-1": "IAD", "us-phoenix-1": "PHX", "us-chicago-1": "ORD", "us-sanjose-1": "SJC",
    "eu-frankfurt-1": "FRA", "eu-amsterdam-1": "AMS", "uk-london-1": "LHR", "ap-tokyo-1": "NRT",
    "ap-osaka-1": "KIX", "sa-saopaulo-1": "GRU", "ap-hyderabad-1": "HYD", "me-dubai-1": "DXB", "me-riyadh-1": "RUH",
}  # fmt: skip
_COMPARTMENT = re.compile(r"^ocid1\.(compartment|tenancy)\.")
NO_REGION = "can not create client, bad configuration: region is not set; give the oci provider a region."


def home_region() -> str:
    """The home region of the sandbox's tenancy: us-ashburn-1, or what `ANYPORT_SANDBOX_OCI_HOME_REGION` says."""
    return os.environ.get("ANYPORT_SANDBOX_OCI_HOME_REGION") or "us-ashburn-1"


@cache
def updatable(token: str) -> frozenset[str]:
    """Inputs of a type that change in place, by wire name."""
    found = arguments(token)
    if found is None:
        return frozenset()
    said = set(re.findall(r":param [^\n]*?\b(\w+): \(Updatable\)", vars(found)["__init__"].__doc__ or ""))
    return frozenset(wire for wire, name in shape_of(found).python_names.items() if name in said)


class AnyOci(Behaviour):
    """Every other type: an OCID, a life-cycle state, and the docstrings' word for what replaces."""

    kind = ""

    def __init__(self, token: str, kind: str = "") -> None:
        """Args: `token` is the resource type, `kind` the second part of its OCIDs."""
        self.token = token
        self.kind = kind or self.kind or token.rpartition(":")[2].lower()

    def replaces(self, path: str) -> bool:
        """What is not marked as updatable."""
        top = path[2:].partition('"]')[0] if path.startswith('["') else re.split(r"[.\[]", path)[0]
        return top not in updatable(self.token)

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
        region = require(env.config, "region", NO_REGION)
        unique = digest(res.urn, region, str(records.serial(res.urn)))[:60]
        return f"ocid1.{self.kind}.oc1.{region}.{unique}"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The life-cycle state."""
        return {"state": "ACTIVE"}


class HomeRegionOnly(AnyOci):
    """Policies, dynamic groups, quotas, budgets: refused outside the home region; their names are unique.

    Which name is unique where: pulumi-oci docstrings (policies and dynamic groups in their compartment, quotas in
    the tenancy). Budgets have no such rule.
    """

    unique = True

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Their OCIDs carry no region."""
        require(env.config, "region", NO_REGION)
        return f"ocid1.{self.kind}.oc1..{digest(res.urn, str(records.serial(res.urn)))[:60]}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Home region, unique name."""
        self._admit_home(env)
        for other in records.of_type(res.type) if self.unique else []:
            if all(other["inputs"].get(key) == inputs.get(key) for key in ("name", "compartmentId")):
                raise CloudError(
                    f"{res.kind} '{inputs.get('name')}' already exists.",
                    code=f"{res.kind}AlreadyExists",
                    status=409,
                )

    def admit_update(
        self,
        env: Env,
        res: Resource,  # noqa: ARG002
        inputs: Inputs,  # noqa: ARG002
        record: dict[str, Any],  # noqa: ARG002
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


class Budget(HomeRegionOnly):
    """Budgets and their rules: home region only, any name, and OCIDs with a region."""

    unique = False

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:
        """As of any regional type."""
        return AnyOci.identify(self, env, res, inputs, records)
