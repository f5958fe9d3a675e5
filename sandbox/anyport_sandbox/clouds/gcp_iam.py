"""Simulated workload identity federation: pools, their issuers, and names that stay taken after a delete.

Sources: the reference texts of `WorkloadIdentityPool` and `…Provider` in pulumi-gcp 10.2 (forms of ids; deleted ones are
kept for about 30 days and their ids cannot be used meanwhile; collected 2026-11-25).
Guesses: error wording; that `mode` is the only field besides ids and project which cannot change.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from .behaviour import Behaviour, Env, Inputs, Resource, at, known
from .errors import CloudError, Problem
from .gcp_admission import NUMBER, admit_api, admit_delete, project_of
from .state import Records

__all__ = ["IdentityPool", "IdentityPoolProvider"]

_KEPT = timedelta(days=30)
_ID = re.compile(r"^[a-z0-9-]{4,32}$")


class _SoftDeleted(Behaviour):
    """What stays for 30 days after its delete."""

    name_key = ""
    id_key = ""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """The form of the id."""
        name = inputs.get(self.id_key)
        bad = known(name) and (not _ID.match(str(name)) or str(name).startswith("gcp-"))
        return [Problem(self.id_key, "must be 4 to 32 of [a-z0-9-], and not start with gcp-")] if bad else []

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """IAM switched on, and the name not in its 30 days."""
        admit_api(env, inputs, records, "iam")
        identity = self.identify(env, res, inputs, records)
        gone = records.deleted.get(identity)
        if gone is not None and env.clock.now() < datetime.fromisoformat(gone["at"]) + _KEPT:
            raise CloudError(
                f"Requested entity already exists: {identity} is deleted and keeps its id for 30 days; undelete it or "
                "take another id.",
                code="ALREADY_EXISTS", status=409,
            )  # fmt: skip

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """Remember when it went."""
        admit_delete(record)
        records.deleted[record["id"]] = {"at": env.clock.now().isoformat()}


class IdentityPool(_SoftDeleted):
    """A pool of identities from elsewhere."""

    id_key = "workloadIdentityPoolId"
    immutable = ("workloadIdentityPoolId", "project")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below the project."""
        project, name = project_of(env, inputs), inputs["workloadIdentityPoolId"]
        return f"projects/{project}/locations/global/workloadIdentityPools/{name}"

    def admit_update(
        self,
        env: Env,  # noqa: ARG002
        res: Resource,  # noqa: ARG002
        inputs: Inputs,
        record: dict[str, Any],
        records: Records,  # noqa: ARG002
    ) -> None:
        """`mode` shows as an update and then fails."""
        if inputs.get("mode") != record["inputs"].get("mode"):
            raise CloudError("Attempted to update an immutable field.", code="INVALID_ARGUMENT", status=400)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The name that principals are written with holds the project's number."""
        return {
            "name": f"projects/{NUMBER}/locations/global/workloadIdentityPools/{inputs.get('workloadIdentityPoolId')}",
            "state": "ACTIVE",
            "project": inputs.get("project") or at(env.config, "project", ""),
        }


class IdentityPoolProvider(_SoftDeleted):
    """An issuer that a pool trusts."""

    id_key = "workloadIdentityPoolProviderId"
    immutable = ("workloadIdentityPoolId", "workloadIdentityPoolProviderId", "project")

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """One kind of issuer, and a mapping for OIDC."""
        problems = super().check(env, res, inputs)
        if sum(inputs.get(kind) is not None for kind in ("oidc", "aws", "saml", "x509")) != 1:
            problems.append(Problem("oidc", "give exactly one of oidc, aws, saml and x509"))
        if inputs.get("oidc") is not None and "google.subject" not in (inputs.get("attributeMapping") or {}):
            problems.append(Problem("attributeMapping", "an OIDC issuer must map google.subject"))
        return problems

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below the pool."""
        pool = f"projects/{project_of(env, inputs)}/locations/global/workloadIdentityPools"
        return (
            f"{pool}/{inputs['workloadIdentityPoolId']}/providers/{inputs['workloadIdentityPoolProviderId']}"
        )

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """The pool must be there."""
        super().admit(env, res, inputs, records)
        pool = self.identify(env, res, inputs, records).partition("/providers/")[0]
        if all(
            record["id"] != pool
            for record in records.of_type("gcp:iam/workloadIdentityPool:WorkloadIdentityPool")
        ):
            raise CloudError(f"{pool} was not found.", code="NOT_FOUND", status=404)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Its name, by number as well."""
        tail = (
            f"{inputs.get('workloadIdentityPoolId')}/providers/{inputs.get('workloadIdentityPoolProviderId')}"
        )
        return {
            "name": f"projects/{NUMBER}/locations/global/workloadIdentityPools/{tail}",
            "state": "ACTIVE",
            "project": inputs.get("project") or at(env.config, "project", ""),
        }
