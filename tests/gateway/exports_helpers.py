"""Contracts with targets of all four providers, and the fields that Kubernetes resources may have."""

from __future__ import annotations

from typing import Any

HOSTS = {
    "azure-east": ("azure_openai", "https://anyport-1.openai.azure.com/openai/v1/", "gpt-oss-120b", "entra"),
    "azure-south": ("azure_openai", "https://anyport-2.openai.azure.com/openai/v1/", "gpt-oss-120b", "entra"),
    "vertex": (
        "vertex_ai",
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p-1/locations/us-central1/endpoints/openapi",
        "openai/gpt-oss-120b-maas",
        "google_oauth",
    ),
    "oci": (
        "oci_generative_ai",
        "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/openai/v1",
        "openai.gpt-oss-120b",
        "oci_api_key",
    ),
    "coreweave": ("coreweave_vllm", "https://chat.example.test/v1", "gpt-oss-120b", "bearer_api_key"),
}
SCOPES = {
    "entra": "https://cognitiveservices.azure.com/.default",
    "google_oauth": "https://www.googleapis.com/auth/cloud-platform",
}
SECRETS = {"oci_api_key": "config:secrets:oci_key", "bearer_api_key": "env:VLLM_API_KEY"}


def target(name: str, place: int, endpoint: str = "chat", **more: Any) -> dict[str, Any]:
    provider, url, model, auth = HOSTS[name]
    return {
        "endpoint": endpoint, "target": name, "provider": provider, "operator": "o", "region": "r",
        "failure_domain": "d", "priority": place, "kind": "chat", "base_url": url, "model": model,
        "auth": {"kind": auth, "scope": SCOPES.get(auth), "secret": SECRETS.get(auth)},
        "features": ["tools"], "limits": {}, **more,
    }  # fmt: skip


def contract(endpoint: str = "chat", *names: str, **by_target: dict[str, Any]) -> dict[str, Any]:
    chosen = names or tuple(HOSTS)
    return {
        "endpoint": endpoint, "model": "gpt-oss-120b", "apis": ["chat_completions"], "features": ["tools"],
        "limits": {},
        "targets": [
            target(name, place, endpoint, **by_target.get(name.replace("-", "_"), {}))
            for place, name in enumerate(chosen, 1)
        ],
    }  # fmt: skip


def contracts(**endpoints: dict[str, Any]) -> dict[str, Any]:
    return {"endpoints": endpoints or {"chat": contract()}}


# Fields below `spec`, as the projects' type definitions have them: aigateway.envoyproxy.io/v1beta1 (ai-gateway
# c217da8, 2026-08-21), gateway.envoyproxy.io/v1alpha1 (v1.8.1), gateway.networking.k8s.io/v1 (v1.5.1); read
# 2026-11-25. Only those this project writes; a map is a closed set of fields, a set a closed set of values.
DURATION = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
_REF: dict[str, Any] = {"group": str, "kind": str, "name": str}
FIELDS: dict[str, dict[str, Any]] = {
    "Gateway": {"gatewayClassName": str, "listeners": [{"name": str, "protocol": {"HTTP"}, "port": int}]},
    "ClientTrafficPolicy": {"targetRefs": [_REF], "connection": {"bufferLimit": r"^[1-9][0-9]*$"}},
    "AIGatewayRoute": {
        "parentRefs": [_REF],
        "rules": [
            {
                "matches": [{"headers": [{"type": {"Exact"}, "name": {"x-ai-eg-model"}, "value": str}]}],
                "backendRefs": [
                    {"name": r"^.{1,253}$", "modelNameOverride": r"^.+$", "priority": int, "weight": int}
                ],
                "timeouts": {"request": DURATION},
                "streamIdleTimeout": DURATION,
                "modelsOwnedBy": str,
            }
        ],
    },
    "AIServiceBackend": {
        "schema": {"name": {"OpenAI"}, "prefix": str},
        "backendRef": {"group": {"gateway.envoyproxy.io"}, "kind": {"Backend"}, "name": str},
    },
    "BackendSecurityPolicy": {
        "targetRefs": [{"group": {"aigateway.envoyproxy.io"}, "kind": {"AIServiceBackend"}, "name": str}],
        "type": {"APIKey", "AzureCredentials"},
        "apiKey": {"secretRef": {"name": str}},
        "azureCredentials": {"clientID": str, "tenantID": str, "clientSecretRef": {"name": str}},
    },
    "Backend": {"endpoints": [{"fqdn": {"hostname": str, "port": int}, "ip": {"address": str, "port": int}}]},
    "BackendTLSPolicy": {
        "targetRefs": [_REF],
        "validation": {"wellKnownCACertificates": {"System"}, "hostname": str},
    },
    "BackendTrafficPolicy": {
        "targetRefs": [_REF],
        "retry": {
            "numRetries": int,
            "numAttemptsPerPriority": int,
            "retryOn": {
                "triggers": [{"connect-failure", "reset", "retriable-status-codes"}],
                "httpStatusCodes": [int],
            },
            "perRetry": {"timeout": DURATION, "backOff": {"baseInterval": DURATION, "maxInterval": DURATION}},
        },
        "healthCheck": {
            "passive": {
                "consecutive5XxErrors": int,
                "interval": DURATION,
                "baseEjectionTime": DURATION,
                "maxEjectionPercent": int,
            }
        },
        "timeout": {"tcp": {"connectTimeout": DURATION}},
        "connection": {"bufferLimit": r"^[1-9][0-9]*$"},
        "circuitBreaker": dict.fromkeys(
            ("maxConnections", "maxPendingRequests", "maxParallelRequests", "maxParallelRetries"), int
        ),
    },
}
