"""What the simulated listings hold: the catalog's facts, in each cloud's own words.

Shapes: azure-mgmt-cognitiveservices 14.1.0, aiplatform v1 and v1beta1, serviceusage v1, monitoring v3 and Cloud Quotas
v1, oci 2.189.0, Kubernetes v1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from anyport.catalog import Catalog, Offer, load

__all__ = ["World", "world"]

Item = dict[str, Any]
QUOTA = 1000
SERVICE = "aiplatform.googleapis.com"
GPUS = "custom_model_serving_nvidia_h100_gpus"
_SKUS = {
    "standard": ("Standard",),
    "datazone": ("DataZoneStandard",),
    "global": ("GlobalStandard",),
    "ptu": ("ProvisionedManaged", "DataZoneProvisionedManaged", "GlobalProvisionedManaged"),
}
_GPT_OSS = (
    ("OnlinePredictionRequestsPerMinutePerProjectPerRegionPerBaseModel", "online_prediction_requests_per_base_model", 650),
    ("OnlinePredictionInputTokensPerMinutePerRegionPerBaseModel", "online_prediction_input_tokens_per_minute_per_base_model", 790_000),
    ("OnlinePredictionOutputTokensPerMinutePerRegionPerBaseModel", "online_prediction_output_tokens_per_minute_per_base_model", 120_000),
)  # fmt: skip
"""Quota of gpt-oss-120b in us-central1 as Google announced it in 2025 (discuss.google.dev, 253945, read 2026-11-26). The
metrics are of Google's list of metrics; ids and the spelling of the base model are guesses, made here alone."""
_STAGES = {"ga": "GA", "preview": "PUBLIC_PREVIEW", None: "GA"}
_STATES = {"ga": "GenerallyAvailable", "preview": "Preview", "deprecated": "Deprecating", None: None}


@dataclass
class World:
    """Listings by place. Change them at will before a question is put."""

    azure_models: dict[str, list[Item]] = field(default_factory=dict)
    azure_usages: dict[str, list[Item]] = field(default_factory=dict)
    google_models: dict[str, list[Item]] = field(default_factory=dict)
    google_quotas: list[Item] = field(default_factory=list)
    google_services: set[str] = field(default_factory=lambda: {"aiplatform.googleapis.com"})
    google_usages: list[Item] = field(default_factory=list)
    oci_models: list[Item] = field(default_factory=list)
    oci_limits: dict[str, Item] = field(default_factory=dict)
    nodes: list[Item] = field(default_factory=list)
    pods: list[Item] = field(default_factory=list)
    node_pools: list[Item] = field(default_factory=list)

    def azure_model(self, region: str, name: str) -> Item:
        """The item of a model in a region, to be altered."""
        found: Item = next(item for item in self.azure_models[region] if item["model"]["name"] == name)
        return found

    def azure_usage(self, region: str, name: str, limit: float, used: float) -> None:
        """Set one quota."""
        rows = self.azure_usages.setdefault(region, [])
        rows[:] = [row for row in rows if row["name"]["value"] != name] + [_usage(name, limit, used)]

    def google_rate(
        self, quota_id: str, metric: str, model: str, limit: int, region: str = "us-central1"
    ) -> None:
        """Add a quota per minute that names a model."""
        entry = {"dimensions": {"region": region, "base_model": model}, "details": {"value": str(limit)}}
        self.google_quotas.append(
            {
                "quotaId": quota_id,
                "metric": f"{SERVICE}/{metric}",
                "service": SERVICE,
                "refreshInterval": "minute",
                "dimensions": ["region", "base_model"],
                "dimensionsInfos": [entry],
            }
        )

    def google_usage(
        self, metric: str, values: list[int], region: str = "us-central1", model: str = ""
    ) -> None:
        """Record what is taken of a quota, the oldest first: of a rate with its model, else of what is allocated."""
        labels = {"base_model": model} if model else {"quota_metric": f"{SERVICE}/{metric}"}
        kind = (
            f"{SERVICE}/quota/{metric}/usage"
            if model
            else "serviceruntime.googleapis.com/quota/allocation/usage"
        )
        own = "aiplatform.googleapis.com/Location" if model else "consumer_quota"
        points = [
            {
                "interval": {
                    "startTime": f"2026-11-25T00:{n:02}:00Z",
                    "endTime": f"2026-11-25T00:{n:02}:00Z",
                },
                "value": {"int64Value": str(value)},
            }
            for n, value in enumerate(values)
        ]
        self.google_usages.append(
            {
                "metric": {"type": kind, "labels": labels},
                "resource": {
                    "type": own,
                    "labels": {"project_id": "my-project", "service": SERVICE, "location": region},
                },
                "metricKind": "DELTA" if model else "GAUGE",
                "valueType": "INT64",
                "points": points[::-1],
            }
        )

    def machine(self, name: str, instance_type: str, gpus: int, taken: int = 0) -> None:
        """Add a ready node, and a pod that holds some of its GPUs."""
        self.nodes.append(
            {
                "metadata": {"name": name, "labels": {"node.kubernetes.io/instance-type": instance_type}},
                "spec": {},
                "status": {
                    "allocatable": {"cpu": "126", "nvidia.com/gpu": str(gpus)},
                    "conditions": [{"type": "Ready", "status": "True"}],
                },
            }
        )
        if taken:
            asked = {"requests": {"nvidia.com/gpu": str(taken)}}
            spec = {"nodeName": name, "containers": [{"name": "vllm", "resources": asked}]}
            self.pods.append(
                {"metadata": {"name": f"on-{name}"}, "spec": spec, "status": {"phase": "Running"}}
            )


def world(catalog: Catalog | None = None) -> World:
    """Listings that say what the catalog says."""
    catalog = catalog or load()
    made = World()
    regions = list(catalog.regions["azure_openai"])
    made.azure_models = {region: [] for region in regions}
    made.azure_usages = {region: [] for region in regions}
    for model in catalog.models.values():
        offers = model.offers
        if "azure_openai" in offers:
            _azure(made, offers["azure_openai"], regions)
        if "vertex_ai" in offers:
            _google(made, offers["vertex_ai"])
        if "oci_generative_ai" in offers:
            _oci(made, offers["oci_generative_ai"], model.kind == "chat")
    made.google_quotas = [_gpu_quota("CustomModelServingH100GPUsPerProjectPerRegion", 16)]
    for quota_id, metric, limit in _GPT_OSS:
        made.google_rate(quota_id, metric, "gpt-oss-120b-maas", limit)
    made.oci_limits = {"dedicated-unit-h100-count": {"used": 0, "available": 8}}
    return made


def _usage(name: str, limit: float, used: float) -> Item:
    return {
        "name": {"value": name, "localizedValue": name},
        "unit": "Count",
        "limit": float(limit),
        "currentValue": float(used),
    }


def _azure(made: World, offer: Offer, regions: list[str]) -> None:
    kinds = offer.kinds or ("standard", "global")
    skus = [sku for kind in kinds for sku in _SKUS[kind]]
    for region in offer.regions or regions:
        model: Item = {
            "format": offer.format or "OpenAI",
            "name": offer.model_id,
            "version": offer.version,
            "isDefaultVersion": True,
            "skus": [
                {
                    "name": sku,
                    "usageName": f"OpenAI.{sku}.{offer.model_id}",
                    "capacity": {"minimum": 1, "maximum": 10_000, "step": 1, "default": 10},
                }
                for sku in skus
            ],
        }
        if offer.retires_on:
            model["deprecation"] = {
                "inference": f"{offer.retires_on}T00:00:00Z",
                "deprecationStatus": "Planned" if offer.retirement_basis == "documented" else "Tentative",
            }
        if _STATES.get(offer.lifecycle):
            model["lifecycleStatus"] = _STATES[offer.lifecycle]
        made.azure_models[region].append(
            {
                "kind": "AIServices",
                "skuName": "S0",
                "model": model,
                "description": f"{offer.model_id} (simulated)",
            }
        )
        made.azure_usages[region] += [_usage(sku["usageName"], QUOTA, 0) for sku in model["skus"]]


def _google(made: World, offer: Offer) -> None:
    ids = [offer.model_id_for(kind) for kind in offer.kinds if kind != "model_garden"]
    ids += [one for kind in offer.kinds if (one := offer.model_id_for(kind) or "").startswith("publishers/")]
    for one in dict.fromkeys(found for found in ids if found):
        name, _, version = one.removeprefix("publishers/").replace("/models/", "/").partition("@")
        publisher, _, model = name.partition("/")
        made.google_models.setdefault(publisher, []).append(
            {
                "name": f"publishers/{publisher}/models/{model}",
                "versionId": version or "001",
                "openSourceCategory": "PROPRIETARY",
                "launchStage": _STAGES.get(offer.lifecycle, "GA"),
            }
        )


def _oci(made: World, offer: Offer, chat: bool) -> None:
    item: Item = {
        "id": f"ocid1.generativeaimodel.oc1..simulated{len(made.oci_models)}",
        "displayName": offer.model_id,
        "vendor": (offer.model_id or "").partition(".")[0],
        "version": "1.0",
        "type": "BASE",
        "capabilities": ["CHAT"] if chat else ["TEXT_EMBEDDINGS"],
        "lifecycleState": "ACTIVE",
    }
    if offer.retires_on:
        about = offer.retires_servings or offer.kinds
        for kind, key in (("on_demand", "timeOnDemandRetired"), ("dedicated", "timeDedicatedRetired")):
            if kind in about:
                item[key] = f"{offer.retires_on}T00:00:00.000Z"
    made.oci_models.append({**item, "_regions": list(offer.regions)})


def _gpu_quota(quota_id: str, value: int) -> Item:
    return {
        "name": f"projects/1/locations/global/services/aiplatform.googleapis.com/quotaInfos/{quota_id}",
        "quotaId": quota_id,
        "metric": f"{SERVICE}/{GPUS}",
        "service": SERVICE,
        "dimensions": ["region"],
        "dimensionsInfos": [{"details": {"value": str(value)}, "applicableLocations": []}],
        "quotaIncreaseEligibility": {"isEligible": True},
    }
