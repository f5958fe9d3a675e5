"""A whole contract of the sandbox's clouds, as tests of the suite hold it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from click.testing import Result

Gateways = Callable[..., str]
Verify = Callable[..., Result]

FEATURES = ["streaming", "tools", "json_schema"]
PLACES = {
    "azure": ("azure_openai", "https://ap-chat.openai.azure.com/openai/v1/", "gpt-oss-120b", "entra"),
    "vertex": (
        "vertex_ai",
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/endpoints/openapi",
        "openai/gpt-oss-120b-maas",
        "google_oauth",
    ),
    "oci": (
        "oci_generative_ai",
        "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/openai/v1",
        "openai.gpt-oss-120b",
        "oci_api_key",
    ),
    "coreweave": (
        "coreweave_vllm",
        "https://chat.inference.example.com/v1",
        "openai/gpt-oss-120b",
        "bearer_api_key",
    ),
}
TOKENS = {
    "azure_openai": "entra-token",
    "vertex_ai": "ya29.token",
    "oci_generative_ai": "sk-oci",
    "coreweave_vllm": "vllm-key",
}
ENVIRONMENT = {f"ANYPORT_TOKEN_{provider.upper()}": token for provider, token in TOKENS.items()}


def target(name: str, place: int, endpoint: str = "chat", **more: Any) -> dict[str, Any]:
    provider, base, model, auth = PLACES[name]
    return {
        "endpoint": endpoint, "target": name, "provider": provider, "operator": "o", "region": "r",
        "failure_domain": name, "priority": place, "kind": "chat", "base_url": base, "model": model,
        "auth": {"kind": auth}, "features": FEATURES, "limits": {"context_window": 1000, "max_output_tokens": 200},
        **more,
    }  # fmt: skip


def contracts() -> dict[str, Any]:
    chat = [target(name, place) for place, name in enumerate(PLACES, 1)]
    vectors = {"kind": "embedding", "features": [], "limits": {"embedding_dimensions": 64}}
    embed = [
        target(
            "azure",
            1,
            "embed",
            base_url="https://ap-embed.openai.azure.com/openai/v1/",
            model="e-3",
            **vectors,
        )
    ]
    limits = {"context_window": 1000, "max_output_tokens": 200}
    return {
        "endpoints": {
            "chat": {
                "endpoint": "chat", "model": "gpt-oss-120b", "apis": ["chat_completions"], "features": FEATURES,
                "limits": limits, "targets": chat,
            },
            "embed": {
                "endpoint": "embed", "model": "e-3", "apis": ["embeddings"], "features": [],
                "limits": vectors["limits"], "targets": embed,
            },
        }
    }  # fmt: skip
