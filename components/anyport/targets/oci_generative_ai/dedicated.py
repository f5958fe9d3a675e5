"""A dedicated AI cluster with what it serves: a model of Oracle's or imported weights, and the endpoint.

What changes in place and what replaces is Oracle's provider's affair: units and moderation change in place, the
shape replaces the cluster, the model replaces the endpoint, the source of weights replaces the import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import pulumi
import pulumi_oci as oci

from ..base import read_secret, required_setting
from .option_groups import ImportedModel
from .site import Site

__all__ = ["Dedicated", "make_dedicated"]

CLUSTER_TIMES = pulumi.CustomTimeouts(create="90m", update="90m", delete="30m")
IMPORT_TIMES = pulumi.CustomTimeouts(create="120m", update="120m", delete="30m")


@dataclass(frozen=True)
class Dedicated:
    """What was made: the endpoint, what callers put in `model`, and the host of a private address."""

    endpoint: oci.generativeai.Endpoint
    model: pulumi.Output[str]
    host: pulumi.Output[str] | None


def make_dedicated(site: Site, policy: oci.identity.Policy) -> Dedicated:
    """Make the cluster, the weights if they are imported, the private endpoint if asked for, and the endpoint."""
    cluster = _cluster(site)
    imported = _imported(site, site.options.imported_model) if site.options.imported_model else None
    private = _private_endpoint(site)
    options, safety = site.options, site.options.content_safety
    moderation = (
        oci.generativeai.EndpointContentModerationConfigArgs(
            is_enabled=True, mode=safety.mode.upper(), model_id=safety.model_id
        )
        if safety
        else None
    )
    endpoint = oci.generativeai.Endpoint(
        site.name("endpoint"),
        compartment_id=site.compartment,
        dedicated_ai_cluster_id=cluster.id,
        model_id=imported.id
        if imported
        else required_setting(site.target.args, options.model_ocid, "model_ocid"),
        content_moderation_config=moderation,
        generative_ai_private_endpoint_id=private.id if private else None,
        display_name=site.target.physical(100),
        freeform_tags=site.tags,
        opts=site.tagged(custom_timeouts=CLUSTER_TIMES, depends_on=[policy]),
    )
    ready = pulumi.Output.all(cluster.state, endpoint.id)
    return Dedicated(
        endpoint, ready.apply(lambda known: _only_if_active(*known)), private.fqdn if private else None
    )


def _cluster(site: Site) -> oci.generativeai.DedicatedAiCluster:
    return oci.generativeai.DedicatedAiCluster(
        site.name("cluster"),
        compartment_id=site.compartment,
        type="HOSTING",
        unit_count=site.options.unit_count,
        unit_shape=required_setting(site.target.args, site.options.unit_shape, "unit_shape"),
        display_name=site.target.physical(100),
        freeform_tags=site.tags,
        opts=site.tagged(custom_timeouts=CLUSTER_TIMES, protect=site.protect),
    )


def _imported(site: Site, asked: ImportedModel) -> oci.generativeai.ImportedModel:
    """Its display name must be letters, digits and hyphens; the physical name is."""
    return oci.generativeai.ImportedModel(
        site.name("model"),
        compartment_id=site.compartment,
        data_source=_source(site, asked),
        capabilities=list(asked.capabilities) or None,
        display_name=site.target.physical(100),
        vendor=asked.vendor,
        version=asked.version,
        freeform_tags=site.tags,
        opts=site.tagged(custom_timeouts=IMPORT_TIMES, protect=site.protect),
    )


def _source(site: Site, asked: ImportedModel) -> oci.generativeai.ImportedModelDataSourceArgs:
    """Oracle's provider does not hold the token for sensitive, so it is a secret from here on."""
    source, bucket = asked.hugging_face, asked.object_storage
    if source is not None:
        token = read_secret(site.target.args, source.token, os.environ) if source.token else None
        return oci.generativeai.ImportedModelDataSourceArgs(
            source_type="HUGGING_FACE_MODEL",
            model_id=source.model_id,
            access_token=token,
            branch=source.branch,
            commit=source.commit,
        )
    if bucket is None:
        raise TypeError("an imported model has one source")
    return oci.generativeai.ImportedModelDataSourceArgs(
        source_type="OBJECT_STORAGE_OBJECT",
        namespace=bucket.namespace,
        bucket=bucket.bucket,
        prefix_name=bucket.prefix,
        region=bucket.region or site.region,
    )


def _private_endpoint(site: Site) -> oci.generativeai.GenerativeAiPrivateEndpoint | None:
    asked = site.options.private_access
    if asked is None:
        return None
    return oci.generativeai.GenerativeAiPrivateEndpoint(
        site.name("private"),
        compartment_id=site.compartment,
        subnet_id=asked.subnet_id,
        dns_prefix=asked.dns_prefix,
        nsg_ids=list(asked.nsg_ids) or None,
        resource_type="ENDPOINT",
        display_name=site.target.physical(100),
        freeform_tags=site.tags,
        opts=site.tagged(),
    )


def _only_if_active(state: str, endpoint_id: str) -> str:
    """Oracle's provider takes NEEDS_ATTENTION for a success; a sick cluster must not pass for one."""
    if state != "ACTIVE":
        raise RuntimeError(
            f"the dedicated AI cluster is {state}, not ACTIVE; look at its lifecycle details in the console"
        )
    return endpoint_id
