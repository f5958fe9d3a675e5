"""Simulated Vertex AI: Model Garden deployments, endpoints, enabling of managed models.

Sources (collected 2026-11-22): `resource_vertex_ai_*` of terraform-provider-google 7.39 to 7.42 for life cycles (reads
that do nothing, what updates in place); Endpoint REST text for `dedicatedEndpointDns`; the deployment's own reference
for what the GPU quota is charged with.
Guesses: error wording other than SERVICE_DISABLED; that only Meta's, Google's and Mistral's models ask for an EULA;
the uid in the DNS name is the project number; how large a new project's GPU quota is.
"""

from __future__ import annotations

import os
import re
from typing import Any

from .behaviour import Behaviour, Env, Inputs, Resource, at, digest, guid, known, require, same_or_below
from .catalog import offered
from .errors import CloudError, Problem
from .gcp_admission import HOSTLESS, NUMBER, admit_api, admit_delete, admit_place, project_of
from .state import Records
from .wire import plain

__all__ = [
    "AiEndpoint",
    "EnableModel",
    "ModelGardenDeployment",
]

_GARDEN = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
GPU_QUOTA = 16
"""Accelerators of one kind in one region, on demand."""
_EULA_PUBLISHERS = ("meta", "google", "mistral-ai", "mistralai")
_IN_PLACE = (
    "deployConfig.dedicatedResources.minReplicaCount",
    "deployConfig.dedicatedResources.maxReplicaCount",
    "deployConfig.dedicatedResources.requiredReplicaCount",
    "deployConfig.dedicatedResources.autoscalingMetricSpecs",
    "deletionPolicy",
)


def gpu_quota() -> int:
    """Accelerators per kind and region; `ANYPORT_SANDBOX_GCP_QUOTA` makes it tighter or wider."""
    return int(os.environ.get("ANYPORT_SANDBOX_GCP_QUOTA") or GPU_QUOTA)


def _charged(inputs: Inputs) -> int:
    """Most replicas times the accelerators of each, from the first machine on."""
    resources = at(inputs, "deployConfig.dedicatedResources", {})
    most = resources.get("maxReplicaCount") or resources.get("minReplicaCount") or 1
    return int(most) * int(at(resources, "machineSpec.acceleratorCount", 0))


def _admit_quota(env: Env, inputs: Inputs, records: Records, own: str = "") -> None:
    kind = at(inputs, "deployConfig.dedicatedResources.machineSpec.acceleratorType", "")
    place = (project_of(env, inputs), inputs["location"], kind)
    used = 0
    for record in records.of_type(_GARDEN):
        other = plain(record["inputs"])
        same = (
            project_of(env, other),
            other["location"],
            at(other, "deployConfig.dedicatedResources.machineSpec.acceleratorType", ""),
        )
        used += _charged(other) if same == place and record["id"] != own else 0
    asked = _charged(inputs)
    if kind and used + asked > gpu_quota():
        raise CloudError(
            f"The following quotas are exceeded: {kind} GPUs for custom model serving in {inputs['location']}: "
            f"{asked} asked for, {used} of {gpu_quota()} in use.",
            code="RESOURCE_EXHAUSTED", status=429,
        )  # fmt: skip


class EnableModel(Behaviour):
    """Accepting a managed model once. Reads and deletes do nothing, as in the provider."""

    idempotent = True
    blind = True
    name_key = ""
    immutable = ("project", "publisherModelName")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below the project."""
        return f"projects/{project_of(env, inputs)}/{inputs['publisherModelName']}"

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """`publishers/p/models/m`."""
        name = inputs.get("publisherModelName")
        bad = known(name) and not re.match(r"^publishers/[^/]+/models/[^/]+$", str(name))
        return (
            [Problem("publisherModelName", "must be `publishers/{publisher}/models/{model}`")] if bad else []
        )

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """A host that exists, API on, model not retired. A model the catalog does not know is let through."""
        region = at(env.config, "region", "")
        if region in HOSTLESS:
            raise CloudError(f"lookup {region}-aiplatform.googleapis.com: no such host")
        admit_api(env, inputs, records)
        _, publisher, _, model = str(inputs["publisherModelName"]).split("/")
        found = offered("vertex_ai", f"{publisher}/{model.partition('@')[0]}")
        end = found.retires("maas") if found else None
        if end is not None and end < env.clock.now().date():
            raise CloudError(
                f"Publisher Model `{inputs['publisherModelName']}` was retired on {end.isoformat()} and can no longer be "
                "enabled.",
                code="NOT_FOUND", status=404,
            )  # fmt: skip

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The state, and where calls go."""
        project = at(inputs, "project") or env.config.get("project", "")
        return {
            "project": project,
            "enablementState": "ENABLEMENT_STATE_SUCCEEDED",
            "publisherEndpoint": f"projects/{project}/locations/global/{inputs.get('publisherModelName')}",
        }

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """It stays enabled."""
        records.resources[f"{record['type']}||{record['id']}"] = record

    def read(self, env: Env, identity: str, records: Records, given: Inputs) -> dict[str, Any] | None:  # noqa: ARG002
        """Whatever the state says."""
        return given


class ModelGardenDeployment(Behaviour):
    """Upload, endpoint and deployment in one. Nearly every change replaces; reads see nothing.

    A replacement is made before the old one goes unless the program says otherwise, so quota is needed twice.
    """

    blind = True

    name_key = ""
    lenient_delete = False

    def replaces(self, path: str) -> bool:
        """All but replica counts and their scaling (since provider 7.42.0)."""
        return not any(same_or_below(path, free) for free in _IN_PLACE)

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """One source of the model, in one of the documented forms."""
        publisher, hugging = inputs.get("publisherModelName"), inputs.get("huggingFaceModelId")
        problems = []
        if not publisher and not hugging:
            problems.append(Problem("publisherModelName", "give this or huggingFaceModelId"))
        if publisher and hugging:
            problems.append(Problem("huggingFaceModelId", "conflicts with publisherModelName"))
        config = inputs.get("endpointConfig") or {}
        if config.get("dedicatedEndpointEnabled") and config.get("privateServiceConnectConfig"):
            problems.append(
                Problem(
                    "endpointConfig.privateServiceConnectConfig", "conflicts with dedicatedEndpointEnabled"
                )
            )
        if known(publisher) and not re.match(r"^publishers/[^/]+/models/[^/@]+@[^/@]+$", str(publisher)):
            problems.append(
                Problem("publisherModelName", "must be `publishers/{publisher}/models/{model}@{version}`")
            )
        least = at(inputs, "deployConfig.dedicatedResources.minReplicaCount")
        if isinstance(least, int) and least < 1:
            problems.append(Problem("deployConfig.dedicatedResources.minReplicaCount", "must be at least 1"))
        return problems

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """`projects/NUMBER/locations/l/endpoints/mg-endpoint-…`, a new one for each create."""
        unique = guid(res.urn, str(records.serial(res.urn)))
        return f"projects/{NUMBER}/locations/{inputs['location']}/endpoints/mg-endpoint-{unique}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """API on, region right, EULA accepted."""
        region = require(env.config, "region", "Cannot determine region: set it in the gcp provider.")
        admit_place(str(inputs["location"]), region)
        admit_api(env, inputs, records)
        publisher = str(inputs.get("publisherModelName") or "//").split("/")[1]
        if publisher in _EULA_PUBLISHERS and at(inputs, "modelConfig.acceptEula") is not True:
            raise CloudError(
                f"The end user licence agreement of '{inputs['publisherModelName']}' must be accepted; set "
                "modelConfig.acceptEula to true.",
                code="FAILED_PRECONDITION", status=400,
            )  # fmt: skip
        _admit_quota(env, inputs, records)

    def admit_update(
        self,
        env: Env,
        res: Resource,  # noqa: ARG002
        inputs: Inputs,
        record: dict[str, Any],
        records: Records,
    ) -> None:
        """More replicas need more quota."""
        _admit_quota(env, inputs, records, own=record["id"])

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """The endpoint goes; the model that was uploaded for it stays in the registry."""
        admit_delete(record)
        model = f"models/{digest('upload', record['id'])[:16]}"
        records.resources[f"left behind|{model}"] = {**record, "type": "left behind", "id": model}

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Ids, but not the DNS name: the real resource does not tell it either."""
        return {
            "project": inputs.get("project") or env.config.get("project", ""),
            "endpoint": identity,
            "deployedModelId": str(int(digest("model", identity)[:15], 16)),
            "deployedModelDisplayName": at(inputs, "modelConfig.modelDisplayName")
            or f"mg-model-{digest(identity)[:8]}",
        }

    def read(self, env: Env, identity: str, records: Records, given: Inputs) -> dict[str, Any] | None:  # noqa: ARG002
        """A no-op: an endpoint deleted by hand is still in the state, and the next destroy fails on it."""
        return given


class AiEndpoint(Behaviour):
    """A bare endpoint, and the view through which a Model Garden endpoint's DNS name is read."""

    immutable = (
        "name",
        "location",
        "region",
        "project",
        "network",
        "encryptionSpec",
        "dedicatedEndpointEnabled",
    )

    def autoname(self, res: Resource) -> str:
        """What the bridge makes up, which the service then refuses (issue #12963)."""
        return f"{res.name}-{digest(res.urn, res.seed)[:7]}"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """By number."""
        return f"projects/{project_of(env, inputs)}/locations/{inputs['location']}/endpoints/{inputs['name']}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """A numeric name, the right region, the API."""
        if not re.match(r"^[0-9]{1,10}$", str(inputs.get("name"))):
            raise CloudError(
                f"Invalid endpoint id '{inputs.get('name')}': the name must be numeric, at most 10 digits; pass it "
                "explicitly.",
                code="INVALID_ARGUMENT", status=400,
            )  # fmt: skip
        region = inputs.get("region") or require(
            env.config, "region", "Cannot determine region: set it in the gcp provider."
        )
        admit_place(str(inputs["location"]), str(region))
        admit_api(env, inputs, records)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The DNS name of a dedicated endpoint."""
        labels = {**inputs.get("labels", {}), "goog-pulumi-provisioned": "true"}
        computed: Inputs = {
            "project": inputs.get("project") or env.config.get("project", ""),
            "effectiveLabels": labels,
            "pulumiLabels": labels,
            "deployedModels": [],
        }
        if inputs.get("dedicatedEndpointEnabled") is True:
            computed["dedicatedEndpointDns"] = _dns(identity)
        return computed

    def read(self, env: Env, identity: str, records: Records, given: Inputs) -> dict[str, Any] | None:  # noqa: ARG002
        """Also finds what a Model Garden deployment made."""
        made = next((r for r in records.of_type(_GARDEN) if r["id"] == identity), None)
        if made is None:
            return None
        location, name = identity.split("/")[3], identity.split("/")[5]
        inputs = plain(made["inputs"])
        private = at(inputs, "endpointConfig.privateServiceConnectConfig") is not None
        dedicated = (
            at(inputs, "endpointConfig.dedicatedEndpointEnabled", not private) is not False and not private
        )
        outputs = {
            "name": name,
            "location": location,
            "displayName": at(inputs, "endpointConfig.endpointDisplayName", name),
            "dedicatedEndpointEnabled": dedicated,
            "dedicatedEndpointDns": _dns(identity) if dedicated else "",
            "project": at(plain(made["outputs"]), "project", ""),
        }
        return {
            "inputs": {key: outputs[key] for key in ("name", "location", "displayName")},
            "outputs": outputs,
        }


def _dns(identity: str) -> str:
    parts = identity.split("/")
    if len(parts) < 6:  # a preview has no id yet
        return ""
    return f"{parts[5]}.{parts[3]}-{NUMBER}.prediction.vertexai.goog"
