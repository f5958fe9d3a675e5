"""The model itself: one that Google serves, enabled once, or one deployed from Model Garden on machines of your own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from ..base import Target, read_secret, required_setting
from .combinations import QUOTA_IDS
from .options import PrivateAccess, VertexAiOptions
from .services import Project

__all__ = ["Deployed", "deploy", "enable_managed", "managed_url"]

_METRICS = {
    "accelerator_percent": "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle",
    "cpu_percent": "aiplatform.googleapis.com/prediction/online/cpu/utilization",
}


@dataclass(frozen=True)
class Deployed:
    """A self-deployed endpoint: where to call it, and its id for alerts."""

    base_url: pulumi.Output[str]
    endpoint_id: pulumi.Output[str]


def managed_url(project: str, region: str) -> str:
    """Base URL of Google's OpenAI-compatible address.

    `global` has a host without a prefix, `us` and `eu` have hosts of another form; `global-aiplatform…` does not exist.
    """
    host = {
        "global": "aiplatform.googleapis.com",
        "us": "aiplatform.us.rep.googleapis.com",
        "eu": "aiplatform.eu.rep.googleapis.com",
    }.get(region, f"{region}-aiplatform.googleapis.com")
    return f"https://{host}/v1/projects/{project}/locations/{region}/endpoints/openapi"


def enable_managed(target: Target, project: Project) -> None:
    """Models of other publishers must be enabled once; Google's own need nothing. It stays enabled on destroy."""
    publisher, _, model = target.args.planned.model_id.partition("/")
    if target.args.planned.deployment_kind == "gemini" or publisher == "google":
        return
    gcp.vertex.AiModelGardenEnableModel(
        f"{target.resource_name}-enable",
        project=project.id,
        publisher_model_name=f"publishers/{publisher}/models/{model}",
        opts=target.child(provider=project.cloud, depends_on=[project.api("aiplatform")]),
    )


def deploy(target: Target, options: VertexAiOptions, project: Project) -> Deployed:
    """Deploy from Model Garden; the address of a dedicated endpoint is read, since it cannot be computed.

    A replacement deletes first: both at once would need the GPUs twice. What is left behind by the provider (the
    uploaded model, an endpoint whose creation failed midway) carries this target's display name.
    """
    planned, needs = target.args.planned, [project.api("aiplatform")]
    if options.private_access and options.private_access.automation:
        needs.append(project.api("compute"))
    from_google = planned.model_id.startswith("publishers/")
    protected = target.args.protected
    made = gcp.vertex.AiEndpointWithModelGardenDeployment(
        f"{target.resource_name}-endpoint",
        project=project.id,
        location=planned.region,
        publisher_model_name=planned.model_id if from_google else None,
        hugging_face_model_id=None if from_google else planned.model_id,
        model_config=_model(target, options, from_google),
        deploy_config={"dedicated_resources": _resources(target, options)},
        endpoint_config=_endpoint(target, options.private_access),
        deletion_policy="PREVENT" if protected else "DELETE",
        opts=target.child(
            provider=project.cloud,
            depends_on=[*needs, *_quota(target, options, project)],
            protect=protected or None,
            delete_before_replace=True,
            additional_secret_outputs=["model_config"] if options.hugging_face_token else None,
            custom_timeouts=pulumi.CustomTimeouts(create="180m", update="60m", delete="60m"),
        ),
    )
    endpoint_id = made.id.apply(lambda name: name.rpartition("/")[2])
    if options.private_access:
        address = options.private_access.address
        return Deployed(made.id.apply(lambda name: f"{address}/v1beta1/{name}"), endpoint_id)
    read = gcp.vertex.AiEndpoint.get(
        f"{target.resource_name}-dns", id=made.id, opts=target.child(provider=project.cloud)
    )
    url = pulumi.Output.all(read.dedicated_endpoint_dns, made.id).apply(
        lambda known: f"https://{known[0]}/v1beta1/{known[1]}"
    )
    return Deployed(url, endpoint_id)


def _model(target: Target, options: VertexAiOptions, from_google: bool) -> Any:
    """Licence, name, and the token, which the provider does not hold for a secret."""
    found: dict[str, Any] = {
        "accept_eula": options.accept_eula,
        "model_display_name": target.physical(128, unique=True),
    }
    if options.hugging_face_token and not from_google:
        value = read_secret(target.args, options.hugging_face_token, os.environ)
        found["hugging_face_access_token"] = pulumi.Output.secret(value)
    return found


def _resources(target: Target, options: VertexAiOptions) -> Any:
    machine: dict[str, Any] = {
        "machine_type": required_setting(target.args, options.machine_type, "machine_type"),
        "accelerator_type": required_setting(target.args, options.accelerator_type, "accelerator_type"),
        "accelerator_count": options.accelerator_count,
    }
    if options.reservation == "any":
        machine["reservation_affinity"] = {"reservation_affinity_type": "ANY_RESERVATION"}
    elif options.reservation:
        machine["reservation_affinity"] = {
            "reservation_affinity_type": "SPECIFIC_RESERVATION",
            "key": "compute.googleapis.com/reservation-name",
            "values": [options.reservation],
        }
    found: dict[str, Any] = {
        "machine_spec": machine,
        "min_replica_count": options.min_replicas,
        "max_replica_count": options.max_replicas or options.min_replicas,
    }
    if options.required_replicas:
        found["required_replica_count"] = options.required_replicas
    if options.spot:
        found["spot"] = True
    if options.autoscaling:
        targets = options.autoscaling.model_dump(exclude_none=True)
        found["autoscaling_metric_specs"] = [
            {"metric_name": _METRICS[name], "target": percent} for name, percent in targets.items()
        ]
    return found


def _endpoint(target: Target, private: PrivateAccess | None) -> Any:
    found: dict[str, Any] = {"endpoint_display_name": target.physical(128, unique=True)}
    if private is None:
        return {**found, "dedicated_endpoint_enabled": True}
    config: dict[str, Any] = {
        "enable_private_service_connect": True,
        "project_allowlists": list(private.allowed_projects),
    }
    if private.automation:
        config["psc_automation_configs"] = {
            "project_id": private.automation.project,
            "network": private.automation.network,
        }
    return {**found, "private_service_connect_config": config}


def _quota(
    target: Target, options: VertexAiOptions, project: Project
) -> list[gcp.cloudquota.SQuotaPreference]:
    """The wish for GPUs. Google keeps one per project, kind and region, and none is taken back on destroy."""
    quota = options.quota
    if quota is None:
        return []
    quota_id = quota.quota_id or QUOTA_IDS[str(options.accelerator_type)]
    region = target.args.planned.region
    return [
        gcp.cloudquota.SQuotaPreference(
            f"{target.resource_name}-quota",
            parent=f"projects/{project.id}",
            name=f"aiplatform_googleapis_com-{quota_id}_{region}",
            service="aiplatform.googleapis.com",
            quota_id=quota_id,
            dimensions={"region": region},
            quota_config={"preferred_value": str(quota.preferred_value)},
            contact_email=quota.contact_email,
            justification=f"Inference endpoint {target.args.endpoint}",
            opts=target.child(provider=project.cloud, depends_on=[project.api("cloudquotas")]),
        )
    ]
