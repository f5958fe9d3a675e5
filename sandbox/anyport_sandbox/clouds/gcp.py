"""The simulated Google Cloud, for the resource types a Vertex AI endpoint needs.

Sources (collected 2026-11-22): magic-modules resources of pulumi-gcp 10.2 and terraform-provider-google issues
#12963 (numeric endpoint names), #27723 and #12944 (the host comes from the provider's region).
Guesses: wording of the region mismatch and of a refused retired model; one project number for all projects;
a service stays enabled on delete unless `disableOnDestroy` is true; which APIs must be on: those of the resource itself, but not IAM for accounts.
"""

from __future__ import annotations

import re
from typing import Any

from .behaviour import Behaviour, Env, Inputs, Resource, at, digest, known, require
from .errors import Problem
from .gcp_admission import NUMBER, project_of
from .gcp_iam import IdentityPool, IdentityPoolProvider
from .gcp_vertex import AiEndpoint, EnableModel, ModelGardenDeployment
from .gcp_watch import AlertPolicy, Budget, NotificationChannel, QuotaPreference
from .operations import Package
from .schema import arguments, shape_of
from .state import Records

__all__ = ["PACKAGE"]

_ACCOUNT_ID = re.compile(r"^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$")
_MEMBER = re.compile(
    r"^(allUsers|allAuthenticatedUsers"
    r"|(user|serviceAccount|group|domain|projectOwner|projectEditor|projectViewer|deleted"
    r"|principal|principalSet):.+)$"
)


class Service(Behaviour):
    """An API switch. Turning on what is on succeeds, and two resources may be one switch."""

    idempotent = True
    name_key = ""
    immutable = ("service", "project")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """`project/service`."""
        return f"{project_of(env, inputs)}/{inputs['service']}"

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """A host name."""
        service = inputs.get("service")
        bad = known(service) and not re.match(r"^[a-z0-9.-]+\.(googleapis\.com|[a-z]+)$", str(service))
        return [Problem("service", "must be a service name such as aiplatform.googleapis.com")] if bad else []

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The project it applies to."""
        return {"project": identity.partition("/")[0]}

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """Stay on unless told to go off."""
        if record["inputs"].get("disableOnDestroy") is not True:
            records.resources[f"{record['type']}||{record['id']}"] = record


class ServiceAccount(Behaviour):
    """A service account; its id makes its address."""

    name_key = "accountId"
    immutable = ("accountId", "project")

    def autoname(self, res: Resource) -> str:
        """Within the 30 characters an account id may have."""
        stem = re.sub(r"[^a-z0-9-]", "-", res.name.lower())
        return f"{stem if stem[:1].isalpha() else 'a' + stem}"[:22] + "-" + digest(res.urn, res.seed)[:7]

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """The documented pattern."""
        account = inputs.get("accountId")
        bad = known(account) and not _ACCOUNT_ID.match(str(account))
        return [Problem("accountId", f"must match {_ACCOUNT_ID.pattern}")] if bad else []

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """`projects/p/serviceAccounts/email`."""
        project = project_of(env, inputs)
        return f"projects/{project}/serviceAccounts/{inputs['accountId']}@{project}.iam.gserviceaccount.com"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The address and the numeric id."""
        email = identity.rpartition("/")[2]
        return {
            "email": email,
            "member": f"serviceAccount:{email}",
            "name": identity,
            "uniqueId": _numeric(identity),
            "project": identity.split("/")[1] if identity else "",
        }


class IamMember(Behaviour):
    """One member of one role. Granting twice succeeds. `owner` is the input that says on what."""

    idempotent = True
    name_key = ""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.immutable = (owner, "role", "member", "condition")

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """Member and role as IAM writes them."""
        problems = []
        if known(inputs.get("member")) and not _MEMBER.match(str(inputs["member"])):
            problems.append(
                Problem("member", "must be `user:…`, `group:…`, `serviceAccount:…` or another IAM principal")
            )
        if known(inputs.get("role")) and not re.match(
            r"^(roles|projects/.+/roles|organizations/.+/roles)/.+", str(inputs["role"])
        ):
            problems.append(Problem("role", "must start with `roles/` or be a custom role's full name"))
        return problems

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """`owner/role/member`."""
        owner = project_of(env, inputs) if self.owner == "project" else inputs[self.owner]
        return f"{owner}/{inputs['role']}/{inputs['member']}"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The policy's etag."""
        return {"etag": digest("etag", identity)[:12]}


class Project(Behaviour):
    """A project. Those that nobody made here exist all the same: a sandbox is about what goes into them."""

    immutable = ("projectId",)

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """By its id."""
        return f"projects/{inputs['projectId']}"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Its number."""
        return {"number": NUMBER}

    def read(self, env: Env, identity: str, records: Records, given: Inputs) -> dict[str, Any] | None:  # noqa: ARG002
        """By id, with or without the word in front."""
        inputs = {"projectId": identity.rpartition("/")[2], "name": identity.rpartition("/")[2]}
        return {"inputs": inputs, "outputs": {**inputs, "number": NUMBER}}


class AnyGcp(Behaviour):
    """Every other type: an autoname as the bridge makes it, a path-like id, project and labels as outputs."""

    immutable = ("name", "project", "location", "region", "zone")

    def __init__(self, token: str) -> None:
        self.token = token

    def autoname(self, res: Resource) -> str:
        """The bridge's `-` and seven digits."""
        return f"{res.name}-{digest(res.urn, res.seed)[:7]}"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:
        """By name, where there is one."""
        name, place = inputs.get("name"), inputs.get("location") or inputs.get("region")
        if not name:
            return super().identify(env, res, inputs, records)
        middle = f"/locations/{place}" if place else ""
        return f"projects/{project_of(env, inputs)}{middle}/{res.kind[:1].lower()}{res.kind[1:]}s/{name}"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """What the bridge adds where the type has it."""
        arguments_class = arguments(self.token)
        fields = shape_of(arguments_class).fields if arguments_class else {}
        computed: Inputs = {}
        if "project" in fields and env.config.get("project"):
            computed["project"] = inputs.get("project") or env.config["project"]
        if "labels" in fields:
            labels = {**inputs.get("labels", {}), "goog-pulumi-provisioned": "true"}
            computed |= {"effectiveLabels": labels, "pulumiLabels": labels}
        return computed


def _numeric(seed: str) -> str:
    return str(int(digest(seed)[:16], 16)).zfill(21)[:21]


def _project(env: Env, records: Records, arguments: Inputs) -> Inputs:  # noqa: ARG001
    project = arguments.get("projectId") or require(
        env.config, "project", "project: required field is not set"
    )
    return {"projectId": project, "name": project, "number": NUMBER, "id": f"projects/{project}"}


def _client_config(env: Env, records: Records, arguments: Inputs) -> Inputs:  # noqa: ARG001
    keys = ("project", "region", "zone")
    return {**{key: at(env.config, key, "") for key in keys}, "id": "sandbox", "accessToken": "sandbox-token"}


PACKAGE = Package(
    name="gcp",
    behaviours={
        "gcp:organizations/project:Project": Project(),
        "gcp:projects/service:Service": Service(),
        "gcp:projects/iAMMember:IAMMember": IamMember("project"),
        "gcp:serviceaccount/account:Account": ServiceAccount(),
        "gcp:serviceaccount/iAMMember:IAMMember": IamMember("serviceAccountId"),
        "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": IdentityPool(),
        "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": IdentityPoolProvider(),
        "gcp:monitoring/notificationChannel:NotificationChannel": NotificationChannel(),
        "gcp:monitoring/alertPolicy:AlertPolicy": AlertPolicy(),
        "gcp:billing/budget:Budget": Budget(),
        "gcp:cloudquota/sQuotaPreference:SQuotaPreference": QuotaPreference(),
        "gcp:vertex/aiModelGardenEnableModel:AiModelGardenEnableModel": EnableModel(),
        "gcp:vertex/aiEndpoint:AiEndpoint": AiEndpoint(),
        "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment": (
            ModelGardenDeployment()
        ),
    },
    fallback=AnyGcp,
    invokes={
        "gcp:organizations/getProject:getProject": _project,
        "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    },
)
