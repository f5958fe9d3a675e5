from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from openai import DefaultHttpx2Client, OpenAI
from pydantic import SecretStr

from anyport_sandbox.servers import control
from anyport_sandbox.servers.control import Running
from anyport_sandbox.servers.routes import Route, routes_from_contracts

FEATURES = ["streaming", "tools", "json_schema", "vision"]
VERTEX_PATH = "/v1/projects/p/locations/us-central1/endpoints/openapi"
BASES = {
    "azure": "https://ap-chat-azure-east-1a2b3c.openai.azure.com/openai/v1/",
    "vertex": f"https://us-central1-aiplatform.googleapis.com{VERTEX_PATH}",
    "oci": "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/openai/v1",
    "coreweave": "https://chat.inference.example.com/v1",
    "own": "https://mg-1.us-central1-42.prediction.vertexai.goog/v1beta1/projects/p/locations/us-central1/endpoints/1",
}


def target(
    name: str, provider: str, model: str, auth: str, endpoint: str = "chat", **more: Any
) -> dict[str, Any]:
    base = more.pop("base", BASES.get(name, ""))
    return {
        "endpoint": endpoint,
        "target": name,
        "provider": provider,
        "base_url": base,
        "model": model,
        "auth": {"kind": auth, "scope": None, "secret": None},
        "features": FEATURES,
        "limits": {"context_window": 1000, "max_output_tokens": 200},
        "kind": "chat",
        **more,
    }


def contracts() -> dict[str, Any]:
    chat = [
        target("azure", "azure_openai", "gpt-oss-120b", "entra", region="eastus2"),
        target("vertex", "vertex_ai", "openai/gpt-oss-120b-maas", "google_oauth"),
        target("oci", "oci_generative_ai", "openai.gpt-oss-120b", "oci_api_key"),
        target("coreweave", "coreweave_vllm", "openai/gpt-oss-120b", "bearer_api_key"),
        target("own", "vertex_ai", "", "google_oauth", features=[]),
    ]
    small = target("oci", "oci_generative_ai", "meta.llama-3.3-70b-instruct", "oci_api_key", "small")
    embed = target(
        "azure", "azure_openai", "embed-3", "bearer_api_key", "embed",
        base="https://ap-embed.openai.azure.com/openai/v1/", kind="embedding", features=[],
        embedding_dimensions=64,
    )  # fmt: skip
    return {
        "endpoints": {"chat": {"targets": chat}, "small": {"targets": [small]}, "embed": {"targets": [embed]}}
    }


CREDENTIALS = {
    "azure_openai": "entra-token",
    "vertex_ai": "ya29.token",
    "oci_generative_ai": "sk-oci",
    "coreweave_vllm": "vllm-key",
    "embed/azure": "azure-key",
}
TOKENS = {
    "azure": "entra-token",
    "vertex": "ya29.token",
    "own": "ya29.token",
    "oci": "sk-oci",
    "coreweave": "vllm-key",
}
MODELS = {each["target"]: each["model"] for each in contracts()["endpoints"]["chat"]["targets"]}


@pytest.fixture(scope="session")
def routes() -> list[Route]:
    return routes_from_contracts(contracts(), CREDENTIALS)


@pytest.fixture(scope="session")
def state_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("servers") / "state"


@pytest.fixture(scope="session")
def servers(routes: list[Route], state_dir: Path) -> Iterator[Running]:
    running = control.start(routes, state_dir, 0)
    yield running
    control.stop(state_dir)


Client = Callable[..., OpenAI]


def clients(running: Running, made: list[DefaultHttpx2Client]) -> Client:
    def make(name: str, key: str | None = None, base: str | None = None, **more: Any) -> OpenAI:
        context = ssl.create_default_context(cafile=running.ca_path)
        http = DefaultHttpx2Client(proxy=running.proxy_url, verify=context, trust_env=False)
        made.append(http)
        return OpenAI(
            base_url=base or BASES[name],
            api_key=key or TOKENS[name],
            http_client=http,
            **{"max_retries": 0, **more},
        )

    return make


@pytest.fixture
def client(servers: Running) -> Iterator[Client]:
    made: list[DefaultHttpx2Client] = []
    yield clients(servers, made)
    for each in made:
        each.close()


ENDPOINT = "ocid1.generativeaiendpoint.oc1.us-chicago-1.abc"
PROFILE = "ocid1.generativeairoutingprofile.oc1.us-chicago-1.abc"


def _odd(routes: list[Route]) -> Iterator[Route]:
    """The usual routes, and beside them ones with a limit, an age or a past."""
    yield from routes
    by_name = {route.name: route for route in routes}

    def like(name: str, target: str, model: str, **more: Any) -> Route:
        return by_name[name].model_copy(update={"target": target, "model": model, **more})

    azure, oci, vertex = "chat/azure", "chat/oci", "chat/vertex"
    yield like(azure, "few", "few", requests_per_minute=2, tokens_per_minute=500)
    yield like(azure, "short", "short", tokens_per_minute=1)
    yield like(azure, "spills", "spills", requests_per_minute=1, spills_to="standard")
    yield like(azure, "gone", "gone", retired=True)
    yield like(oci, "dedicated", ENDPOINT)
    yield like(oci, "profile", PROFILE, region="us-chicago-1", retirement_info="2027-01-31")
    yield like(oci, "oci-few", "few", requests_per_minute=1)
    yield like(oci, "oci-gone", "gone", retired=True)
    yield like(oci, "early", "early", secret=SecretStr("sk-early"), minted_before_policy=True)
    yield like(vertex, "aging", "google/aging", secret=SecretStr("ya29.old"), token_lifetime_seconds=3600)
    yield like(vertex, "vertex-few", "google/few", requests_per_minute=1)


@pytest.fixture(scope="session")
def odd_state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("odd") / "state"


@pytest.fixture(scope="session")
def odd_servers(routes: list[Route], odd_state: Path) -> Iterator[Running]:
    yield control.start(list(_odd(routes)), odd_state, 0)
    control.stop(odd_state)


@pytest.fixture
def odd(odd_servers: Running) -> Iterator[Client]:
    made: list[DefaultHttpx2Client] = []
    yield clients(odd_servers, made)
    for each in made:
        each.close()
