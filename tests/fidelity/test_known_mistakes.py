"""Mistakes written by hand, one of each kind per cloud: they hold the readers, where `mutate` trusts them."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from entry import Request, entries

ACCOUNT: dict[str, Any] = {
    "accountName": "chat-one",
    "resourceGroupName": "rg",
    "location": "eastus2",
    "kind": "AIServices",
    "sku": {"name": "S0"},
    "properties": {
        "customSubDomainName": "chat-one",
        "publicNetworkAccess": "Disabled",
        "disableLocalAuth": True,
    },
    "tags": {"owner": "ai"},
}
ALERT: dict[str, Any] = {
    "resourceGroupName": "rg",
    "ruleName": "errors",
    "location": "global",
    "severity": 2,
    "enabled": True,
    "scopes": ["/subscriptions/s"],
    "evaluationFrequency": "PT1M",
    "windowSize": "PT5M",
    "criteria": {
        "odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
        "allOf": [
            {
                "criterionType": "StaticThresholdCriterion",
                "name": "one",
                "metricName": "Errors",
                "operator": "GreaterThan",
                "threshold": 5,
                "timeAggregation": "Total",
            }
        ],
    },
}
LINK: dict[str, Any] = {
    "resourceGroupName": "rg",
    "privateZoneName": "privatelink.openai.azure.com",
    "virtualNetworkLinkName": "link",
    "registrationEnabled": False,
    "virtualNetwork": {"id": "/subscriptions/s"},
    "location": "global",
}
DEPLOY: dict[str, Any] = {
    "project": "p",
    "location": "us-central1",
    "publisherModelName": "publishers/openai/models/gpt-oss@gpt-oss-120b",
    "modelConfig": {"acceptEula": True},
    "deployConfig": {
        "dedicatedResources": {
            "minReplicaCount": 1,
            "machineSpec": {
                "machineType": "a3-highgpu-2g",
                "acceleratorType": "NVIDIA_H100_80GB",
                "acceleratorCount": 2,
            },
        }
    },
}
CALLER: dict[str, Any] = {"project": "p", "accountId": "chat-one", "displayName": "Calls chat"}
BUDGET: dict[str, Any] = {
    "billingAccount": "012345-567890-ABCDEF",
    "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "100"}},
    "thresholdRules": [{"thresholdPercent": 0.5}],
}
CLUSTER: dict[str, Any] = {
    "compartmentId": "ocid1.compartment.oc1..a",
    "type": "HOSTING",
    "unitCount": 1,
    "unitShape": "OAI_H100_X2",
    "freeformTags": {"owner": "ai"},
}
IMPORTED: dict[str, Any] = {
    "compartmentId": "ocid1.compartment.oc1..a",
    "dataSource": {"sourceType": "HUGGING_FACE_MODEL", "modelId": "openai/gpt-oss-20b"},
}
RULE: dict[str, Any] = {
    "budgetId": "ocid1.budget.oc1..a",
    "type": "ACTUAL",
    "threshold": 80,
    "thresholdType": "PERCENTAGE",
}
GOOD = {
    "azure-native:cognitiveservices:Account": ACCOUNT,
    "azure-native:monitor:MetricAlert": ALERT,
    "azure-native:privatedns:VirtualNetworkLink": LINK,
    "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment": DEPLOY,
    "gcp:serviceaccount/account:Account": CALLER,
    "gcp:billing/budget:Budget": BUDGET,
    "oci:GenerativeAi/dedicatedAiCluster:DedicatedAiCluster": CLUSTER,
    "oci:GenerativeAi/importedModel:ImportedModel": IMPORTED,
    "oci:Budget/rule:Rule": RULE,
}
GONE = object()
BAD: list[tuple[dict[str, Any], str, Any, str]] = [
    (ACCOUNT, "properties.customSubdomainName", "x", "properties.customSubdomainName: no such field"),
    (ACCOUNT, "properties.publicNetworkAccess", "disabled", "is none of Enabled, Disabled"),
    (ACCOUNT, "properties.endpoint", "https://x", "properties.endpoint: set by the cloud alone"),
    (ACCOUNT, "properties.disableLocalAuth", "true", "is no boolean"),
    (ACCOUNT, "sku.name", GONE, "sku.name: missing"),
    (ACCOUNT, "accountName", "-chat", "does not match"),
    (ACCOUNT, "accountName", "c" * 65, "longer than 64"),
    (ACCOUNT, "resourceGroupName", GONE, "resourceGroupName: missing"),
    (ALERT, "windowSize", "5m", "does not match"),
    (ALERT, "criteria.allOf", [{"name": "one"}], "criteria.allOf[0].metricName: missing"),
    (ALERT, "criteria.odataType", "Microsoft.Azure.Monitor.Single", "is none of"),
    (ALERT, "severity", GONE, "severity: missing"),
    (LINK, "virtualNetwork.name", "x", "virtualNetwork.name: no such field"),
    (LINK, "virtualNetworkLinkState", "Done", "virtualNetworkLinkState: set by the cloud alone"),
    (LINK, "resolutionPolicy", "Never", "is none of"),
    (DEPLOY, "deployConfig.dedicatedResources.machineSpec.acceleratorType", "H100", "is none of"),
    (DEPLOY, "deployConfig.dedicatedResources.minReplicaCount", GONE, "minReplicaCount: missing"),
    (DEPLOY, "deployConfig.dedicatedResources.machineSpec.acceleratorCount", "2", "is no integer"),
    (DEPLOY, "modelConfig.acceptEULA", True, "modelConfig.acceptEULA: no such field"),
    (DEPLOY, "location", "us/central1", "does not match"),
    (DEPLOY, "project", GONE, "does not match"),
    (CALLER, "accountId", "Chat", "does not match"),
    (CALLER, "accountId", "chat", "shorter than 6"),
    (CALLER, "accountId", GONE, "accountId: missing"),
    (BUDGET, "amount.specifiedAmount.units", "a hundred", "is no number"),
    (BUDGET, "etag", 1, "etag: 1 is no string"),
    (BUDGET, "name", "budgets/x", "name: set by the cloud alone"),
    (CLUSTER, "unitshape", "H100_X1", "unitshape: no such field"),
    (CLUSTER, "type", "Hosting", "is none of HOSTING, FINE_TUNING"),
    (CLUSTER, "unitShape", "H100", "is none of"),
    (CLUSTER, "lifecycleState", "ACTIVE", "lifecycleState: set by the cloud alone"),
    (CLUSTER, "unitCount", "1", "is no integer"),
    (CLUSTER, "compartmentId", GONE, "compartmentId: missing"),
    (IMPORTED, "dataSource.sourceType", "HUGGINGFACE", "is none of"),
    (IMPORTED, "dataSource.modelId", GONE, "dataSource.modelId: missing"),
    (IMPORTED, "dataSource.bucketName", "x", "dataSource.bucketName: no such field"),
    (RULE, "budgetId", GONE, "budgetId: missing"),
    (RULE, "thresholdType", "PERCENT", "is none of PERCENTAGE, ABSOLUTE"),
]


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_request_is_accepted(kind: str) -> None:
    assert list(Request.of(entries()[kind], GOOD[kind]).problems()) == []


@pytest.mark.parametrize(
    ("good", "path", "value", "said"), BAD, ids=[f"{path}-{said}"[:60] for _, path, _, said in BAD]
)
def test_a_mistake_is_found_and_named(good: dict[str, Any], path: str, value: Any, said: str) -> None:
    kind = next(name for name, request in GOOD.items() if request is good)
    problems = list(Request.of(entries()[kind], _spoilt(good, path, value)).problems())
    assert any(said in problem for problem in problems), problems


def _spoilt(good: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    spoilt = copy.deepcopy(good)
    *steps, last = path.split(".")
    inner = spoilt
    for step in steps:
        inner = inner[step]
    if value is GONE:
        del inner[last]
    else:
        inner[last] = value
    return spoilt
