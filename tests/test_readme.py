"""The README is run: its commands with the real engine, its spec and its program as they stand."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from anyport.plan import resolve
from anyport.source import Source
from anyport.stackfile import parse_stack_config
from anyport_policies.engine import evaluate
from anyport_policies.facts import from_plan
from anyport_policies.rules import RULES


def blocks(checkout: Path, language: str) -> list[str]:
    return re.findall(
        rf"^```{language}\n(.*?)^```", (checkout / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )


def test_the_spec_in_the_readme_is_right_and_passes_the_rules(checkout: Path, today: date) -> None:
    (text,) = blocks(checkout, "yaml")
    stack = parse_stack_config(yaml.safe_load(text)["config"], Source(), checkout)
    findings = evaluate(from_plan(resolve(stack.spec, None, today)), RULES, today)
    assert [finding for finding in findings if finding.fails] == []


def test_the_program_in_the_readme_builds_an_endpoint(checkout: Path) -> None:
    """Under Pulumi's own mocks: every target comes out with an address."""
    import pulumi

    class Mocks(pulumi.runtime.Mocks):
        def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
            state = dict(args.inputs)
            if args.typ.endswith(":UserAssignedIdentity"):
                state["principalId"] = "principal"
            if args.typ == "gcp:serviceaccount/account:Account":
                state["email"] = "a@example.com"
            return f"/subscriptions/s/{args.name}", state

        def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
            return {}

    (text,) = blocks(checkout, "python")
    asyncio.set_event_loop(asyncio.new_event_loop())  # another test may have closed the one there was
    pulumi.runtime.set_mocks(Mocks(), project="readme", stack="dev")
    seen: dict[str, Any] = {}

    @pulumi.runtime.test
    def run() -> pulumi.Output[None]:
        scope: dict[str, Any] = {}
        exec(compile(text, "README.md", "exec"), scope)
        result: pulumi.Output[None] = scope["endpoint"].contract.apply(seen.update)
        return result

    run()
    assert [target["target"] for target in seen["targets"]] == ["vertex", "azure"]
    assert all(target["base_url"].startswith("https://") for target in seen["targets"])


@pytest.mark.engine
def test_the_commands_in_the_readme_work_as_they_stand(checkout: Path, tmp_path: Path) -> None:
    """In one shell, in their order; all but `make test`, which is what runs this."""
    commands = "".join(block for block in blocks(checkout, "console") if block.strip() != "make test")
    assert "make sandbox\n" in commands
    assert "pulumi -C sandbox preview -s sandbox --policy-pack ../policies/resilience\n" in commands
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "MAKE", "MFLAGS"))}
    done = subprocess.run(
        ["bash", "-e", "-c", commands],
        cwd=checkout,
        env={**kept, "ANYPORT_WORK_AREA": str(tmp_path / "area"), "ANYPORT_SANDBOX_PORT": "0"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "5 of 5 targets answered, on 4 providers." in done.stdout
    assert "destroyed; nothing is left running" in done.stderr


def test_the_rendering_in_the_readme_works_as_it_stands(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a contract in the place of a deployed stack's; Envoy itself is started elsewhere."""
    monkeypatch.syspath_prepend(str(checkout / "tests" / "gateway"))
    helpers = importlib.import_module("gateway_helpers")
    body = helpers.contract({"a": "a.example.com", "b": "b.example.com"})
    (tmp_path / "contract.json").write_text(json.dumps(body), "utf-8")
    (command,) = [
        line for block in blocks(checkout, "sh") for line in block.splitlines() if "anyport render" in line
    ]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", command], cwd=tmp_path, env={**os.environ, "PATH": path},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "static_resources:" in (tmp_path / "envoy.yaml").read_text("utf-8")
