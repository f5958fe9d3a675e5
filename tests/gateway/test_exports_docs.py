"""docs/gateway.md says what is so: settings, objects, promises, and code that is code."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pytest

from anyport.gateway import ai_gateway, litellm
from anyport.gateway.settings import GatewaySettings
from syntax import parsed


@pytest.fixture(scope="module")
def text(checkout: Path) -> str:
    return (checkout / "docs" / "gateway.md").read_text("utf-8")


def test_the_settings_and_defaults_named_are_the_real_ones(text: str) -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([^|]+) \|", text, re.MULTILINE)
    said = {}
    for names, defaults in rows:
        keys = re.findall(r"`(\w+)`", names)
        if set(keys) <= set(GatewaySettings.model_fields):
            values = [each.strip() for each in defaults.split(",")]
            said.update(zip(keys, values * len(keys) if len(values) == 1 else values, strict=False))
    real = {name: GatewaySettings.model_fields[name].get_default(call_default_factory=True) for name in said}
    shown = {
        name: {None: "none", 32 * 2**20: "32 MiB"}.get(value if value != {} else None, value)
        for name, value in real.items()
    }
    shown["metrics_port"] = "off"
    assert len(said) >= 10
    assert {
        name: str(value).removesuffix(".0") if name != "address" else value for name, value in shown.items()
    } == said


def test_every_python_block_compiles_and_imports_what_exists(text: str) -> None:
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        for node in ast.walk(parsed(block)):
            if isinstance(node, ast.ImportFrom):
                module = importlib.import_module(str(node.module))
                assert all(hasattr(module, alias.name) for alias in node.names)


def test_every_object_of_the_export_and_every_refused_version_is_named(text: str) -> None:
    for kind in (
        "Gateway", "AIGatewayRoute", "AIServiceBackend", "BackendSecurityPolicy", "Backend", "BackendTLSPolicy",
        "BackendTrafficPolicy", "ClientTrafficPolicy",
    ):  # fmt: skip
        assert kind in text
    assert all(version in text for version in litellm.DENIED)
    assert litellm.LitellmSettings().version in text


def test_docs_and_renderings_count_the_same_six_points(text: str) -> None:
    guarantee = text[text.index("## The guarantee") : text.index("## Envoy by hand")]
    assert re.findall(r"^(\d)\. ", guarantee, re.MULTILINE) == list("123456")
    for said in (ai_gateway.NOT_PROMISED, litellm.NOT_PROMISED):
        assert re.findall(r"^(\d)\. ", said, re.MULTILINE) == list("123456")


def test_nothing_of_a_workplace_is_named(text: str) -> None:
    assert not re.search(r"/work/|/tmp/|assistant|session of", text)
