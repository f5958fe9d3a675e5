"""An OCI API key through the real engine: after its policy, never in plain text, renewed in turn, deleted.

The key is made by Oracle's own Python client, which talks to the simulated REST interface on a loopback port. The
engine here has no plugin for dynamic providers of its own, so the test brings the two lines it consists of.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from engine_project import Project, ProjectMaker, done

from anyport_sandbox.clouds.clock import SystemClock
from anyport_sandbox.clouds.oci_api_keys import API_KEY, ApiKeys
from anyport_sandbox.clouds.state import State
from anyport_sandbox.ports import reserve_ports

pytestmark = pytest.mark.engine

SECRET = "oci:Vault/secret:Secret"  # a resource type
VAULT = "ocid1.vault.oc1.us-chicago-1.vault"
OPTIONS = {
    "compartment_id": "ocid1.compartment.oc1..sandbox",
    "home_region": "us-ashburn-1",
    "managed_api_key": {
        "vault_id": VAULT,
        "key_id": "ocid1.key.oc1.us-chicago-1.vault.key",
        "secret_name": "chat-key",
        "rotation": "2026-11",
    },
}


def stack_file(private_key: str) -> str:
    """One target with a managed key, and made-up credentials."""
    target = {"priority": 1, "provider": "oci_generative_ai", "region": "us-chicago-1", "options": OPTIONS}
    return yaml.safe_dump(
        {
            "config": {
                "anyport:tier": "dev",
                "anyport:endpoints": {"chat": {"model": "gpt-oss-120b", "targets": {"oci": target}}},
                "oci:tenancyOcid": "ocid1.tenancy.oc1..sandbox",
                "oci:userOcid": "ocid1.user.oc1..sandbox",
                "oci:fingerprint": ":".join(["aa"] * 16),
                "oci:privateKeyPath": private_key,
            }
        }
    )


@pytest.fixture
def stack(project: ProjectMaker, tmp_path: Path) -> Project:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    plugin = bin_folder / "pulumi-resource-pulumi-python"
    plugin.write_text(f'#!/bin/sh\nexec "{sys.executable}" -u -m pulumi.dynamic "$@"\n', "utf-8")
    plugin.chmod(0o755)
    made = project(stack_file(str(pem))).init()
    made.environment["PATH"] = f"{bin_folder}:{made.environment['PATH']}"
    override = f"oci_generative_ai.GenerativeAiClient=http://127.0.0.1:{reserve_ports(1)[0]}"
    made.environment["CLIENT_HOST_OVERRIDES"] = override
    return made


def in_the_cloud(stack: Project, token: str) -> list[dict[str, Any]]:
    return [found for found in stack.cloud("oci")["resources"].values() if found["type"] == token]


def in_the_vault(stack: Project) -> str:
    """The key's value, as an application would get it."""
    [secret] = in_the_cloud(stack, SECRET)
    content = secret["inputs"]["secretContent"]["content"]
    content = content.get("value", content) if isinstance(content, dict) else content
    return base64.b64decode(content).decode()


def status(stack: Project, value: str) -> int:
    return ApiKeys(State(stack.clouds, "oci"), SystemClock()).status_of_call(value)


def test_a_key_is_made_after_its_policy_renewed_in_turn_and_deleted(stack: Project) -> None:
    done(stack.up())
    first = in_the_vault(stack)
    assert status(stack, first) == 200, "a key that was made before its policy is refused for good"
    assert_only_by_reference(stack, first)
    assert changed(stack) == {}, "an unchanged program must change nothing"

    stack.edit("Pulumi.x.yaml", "rotation: 2026-11", "rotation: 2026-12")
    assert changed(stack) == {"chat-oci-api-key": "update", "chat-oci-secret": "update"}
    done(stack.up())
    second = in_the_vault(stack)
    assert second != first
    assert (status(stack, first), status(stack, second)) == (200, 200), "no gap for callers"
    assert_only_by_reference(stack, second)

    stack.edit("Pulumi.x.yaml", "rotation: 2026-12", "rotation: 2027-01")
    done(stack.up())
    third = in_the_vault(stack)
    assert [status(stack, value) for value in (first, second, third)] == [401, 200, 200]
    done(stack.refresh())
    assert in_the_vault(stack) == third

    done(stack.destroy())
    assert in_the_cloud(stack, API_KEY) == []
    assert status(stack, third) == 401


def test_a_key_that_someone_deleted_shows_on_refresh_and_is_made_again(stack: Project) -> None:
    done(stack.up())
    first = in_the_vault(stack)
    [key] = in_the_cloud(stack, API_KEY)
    ApiKeys(State(stack.clouds, "oci"), SystemClock()).delete(key["id"])
    done(stack.refresh())
    done(stack.up())
    assert in_the_vault(stack) != first
    assert status(stack, in_the_vault(stack)) == 200


def test_what_oracle_answers_reaches_the_user_and_leaves_no_key(stack: Project) -> None:
    fault = {
        "cloud": "oci",
        "type": API_KEY,
        "operation": "create",
        "times": 1,
        "message": "400 LimitExceeded: no keys",
    }
    (stack.clouds / "faults.json").write_text(json.dumps([fault]), "utf-8")
    said = stack.up()
    assert said.returncode != 0
    assert "LimitExceeded: no keys" in said.text
    assert in_the_cloud(stack, API_KEY) == []
    done(stack.up())
    assert status(stack, in_the_vault(stack)) == 200


def assert_only_by_reference(stack: Project, value: str) -> None:
    """Neither the state nor the outputs hold the value, in any form; the contract says where it is."""
    encoded = base64.b64encode(value.encode()).decode()
    outputs = stack.outputs()
    for text in (stack.export(), json.dumps(outputs)):
        assert value not in text
        assert encoded not in text
    assert f"oci-vault:{VAULT}/chat-key" in json.dumps(outputs)
    assert hashlib.sha256(value.encode()).hexdigest() in json.dumps(in_the_cloud(stack, API_KEY))


def changed(stack: Project) -> dict[str, str]:
    """What a preview would do."""
    steps = json.loads(done(stack.preview("--json")).stdout)["steps"]
    return {
        step["urn"].rpartition("::")[2]: step["op"] for step in steps if step["op"] not in ("same", "read")
    }
