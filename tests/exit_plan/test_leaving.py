"""What must be ended and moved, how much is left, and after how long: through the command's JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from anyport_cli.main import cli

DIGEST = "vllm/vllm-openai@sha256:" + "5e" * 32
HEAD = """config:
  anyport:tier: dev
  anyport:providers:
    vertex_ai: {project: some-project}
    coreweave_vllm: {domain: vllm.example.com, image: "DIGEST"}
    oci_generative_ai: {compartment_id: ocid1.compartment.oc1..x, home_region: us-ashburn-1}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      apis: [chat_completions]
      traffic: {tokens_per_minute: 300000}
      targets:
""".replace("DIGEST", DIGEST)
AZURE = "        azure: {priority: 1, provider: azure_openai, region: eastus2%s}\n"
SOUTH = "        south: {priority: 2, provider: azure_openai, region: southcentralus%s}\n"
VERTEX = "        vertex: {priority: 3, provider: vertex_ai, region: us-central1%s}\n"
OWN = (
    "        own: {priority: %s, provider: coreweave_vllm, region: US-EAST-04, zone: US-EAST-04A,"
    " instance_type: gd-8xh100ib-i128, replicas: 2%s}\n"
)


def row(tmp_path: Path, targets: str, without: str, *options: str) -> dict[str, Any]:
    """The one endpoint's row."""
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(HEAD + targets)
    words = [
        "exit-plan",
        str(file),
        "--without",
        without,
        "--today",
        "2026-11-25",
        "--format",
        "json",
        *options,
    ]
    ended = CliRunner().invoke(cli, words)
    assert ended.exit_code in (0, 1), ended.output
    return dict(json.loads(ended.output)["rows"][0])


def steps(found: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    return [(tie["option"], tie["step"]) for tie in found["ties"] if tie["kind"] == kind]


def test_secrets_are_named_by_reference(tmp_path: Path) -> None:
    own = OWN % (4, ", options: {kubeconfig: {env: KUBE}, hugging_face_token: {config: 'secrets:hf'}}")
    found = row(tmp_path, AZURE % "" + own, "coreweave_vllm")
    assert steps(found, "key") == [
        ("kubeconfig", "revoke what env:KUBE holds, and delete it there"),
        ("api_key", "revoke what config:secrets:vllm_api_key holds, and delete it there"),
        ("hugging_face_token", "revoke what config:secrets:hf holds, and delete it there"),
    ]
    assert steps(found, "commitment") == [
        ("", "give the machines back; until then they are paid by the hour")
    ]


def test_a_secret_of_targets_that_live_on_is_changed_there_first(tmp_path: Path) -> None:
    other = (
        OWN.replace("own:", "west:").replace("US-EAST-04A", "US-WEST-01A").replace("US-EAST-04", "US-WEST-01")
    )
    found = row(
        tmp_path,
        AZURE % "" + OWN % (4, "") + other % (5, ", options: {kubeconfig: {env: KUBE_WEST}}"),
        "region:US-EAST-04",
    )
    assert steps(found, "key") == [
        (
            "api_key",
            (
                "revoke what config:secrets:vllm_api_key holds, and delete it there; chat/west live on with the same one: "
                "give them a new one first"
            ),
        )
    ]


def test_azure_leaves_its_key_vault_federation_callers_and_logs(tmp_path: Path) -> None:
    identity = (
        "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/g/providers/"
        "Microsoft.ManagedIdentity/userAssignedIdentities/u"
    )
    workspace = identity.split("/providers/")[0] + "/providers/Microsoft.OperationalInsights/workspaces/w"
    options = (
        ", options: {customer_managed_key: {key_vault_uri: 'https://kv.vault.azure.net', key_name: k, key_version: v1,"
        f" identity_id: '{identity}', identity_client_id: 22222222-2222-4222-8222-222222222222}},"
        " workload_identity: [{name: ci-main, issuer: 'https://token.example.com', subject: 'repo:x'}],"
        " callers: [{principal_id: 33333333-3333-4333-8333-333333333333}],"
        f" diagnostics: {{workspace_id: '{workspace}'}}}}"
    )
    found = row(tmp_path, AZURE % options + VERTEX % "", "azure_openai")
    assert steps(found, "key") == [
        (
            "customer_managed_key",
            (
                "keep k in https://kv.vault.azure.net until what it encrypts is moved or deleted, then take the identity's "
                "right to it away"
            ),
        )
    ]
    assert steps(found, "identity") == [
        ("", "delete the caller identity made for it in Entra, and its role"),
        ("callers", "take the right to call away from 33333333-3333-4333-8333-333333333333"),
        (
            "workload_identity",
            "end the federation of repo:x from https://token.example.com, and point it elsewhere",
        ),
    ]
    assert steps(found, "data") == [
        ("diagnostics", f"keep the request logs as long as you must: {workspace}")
    ]


def test_google_leaves_its_service_account_and_federation(tmp_path: Path) -> None:
    options = ", options: {workload_identity: {issuer: 'https://i.example.com', subjects: [a, b]}}"
    found = row(tmp_path, AZURE % "" + VERTEX % options, "vertex_ai")
    assert steps(found, "identity") == [
        ("", "delete the service account made for its callers, and its role"),
        (
            "workload_identity",
            "end the federation of a, b from https://i.example.com, and point it elsewhere",
        ),
    ]


@pytest.mark.parametrize(
    ("capacity", "verdict", "sure"), [("400", "enough", 400_000), ("200", "too little", 200_000)]
)
def test_capacity_that_was_bought_is_held_against_the_traffic(
    tmp_path: Path, capacity: str, verdict: str, sure: int
) -> None:
    targets = AZURE % "" + SOUTH % f", options: {{capacity: {capacity}}}"
    found = row(tmp_path, targets, "region:eastus2")["capacity"]
    assert (found["verdict"], found["sure_tokens_per_minute"], found["unknown"]) == (verdict, sure, [])


def test_capacity_that_nobody_promised_is_not_known_until_it_is_measured(tmp_path: Path) -> None:
    targets = AZURE % "" + VERTEX % ""
    found = row(tmp_path, targets, "azure_openai")
    assert (found["capacity"]["verdict"], found["capacity"]["unknown"]) == ("not known", ["vertex"])
    assert any("vertex can carry" in note for note in found["unknown"])
    (tmp_path / "policy-config.json").write_text(
        '{"fallback-capacity": {"tokens_per_minute": {"chat/vertex": "300000"}}}'
    )
    assert row(tmp_path, targets, "azure_openai")["capacity"]["verdict"] == "enough"


def test_what_is_added_is_the_difference(tmp_path: Path) -> None:
    found = row(tmp_path, AZURE % "" + VERTEX % "", "azure_openai")
    assert found["added"] == {"usd": "-1261.44", "unknown": []}
    ptu = row(
        tmp_path, AZURE % ", options: {deployment_kind: ptu, capacity: 50}" + VERTEX % "", "azure_openai"
    )
    assert ptu["before"] == {"known_usd": "0.00", "unknown": ["azure"]}
    assert ptu["added"] == {"usd": "1892.16", "unknown": []}


def test_cold_targets_answer_after_the_longest_time_that_is_needed(tmp_path: Path) -> None:
    cold = OWN % (4, ", weight: 1, standby: cold, restore_minutes: 45") + OWN.replace("own:", "two:") % (
        4, ", weight: 1, standby: cold, restore_minutes: 90",
    ) + OWN.replace("own:", "late:") % (5, ", standby: cold, restore_minutes: 600")  # fmt: skip
    found = row(tmp_path, AZURE % "" + cold, "azure_openai")
    assert (found["verdict"], found["needed"], found["restore_minutes"]) == ("restorable", ["own", "two"], 90)
    assert found["added"] == {"usd": "68736.80", "unknown": []}
    warm = row(tmp_path, AZURE % "" + VERTEX % "" + cold, "azure_openai")
    assert (warm["verdict"], warm["needed"], warm["restore_minutes"]) == ("survives", [], 0)


def test_a_time_that_is_not_stated_is_not_counted_on(tmp_path: Path) -> None:
    cold = (OWN % (4, ", standby: cold")).replace("replicas: 2", "replicas: 16") + OWN.replace(
        "own:", "two:"
    ) % (
        5,
        ", standby: cold, restore_minutes: 90",
    )
    found = row(tmp_path, AZURE % "" + cold, "azure_openai")
    assert (found["verdict"], found["needed"], found["restore_minutes"]) == ("restorable", ["two"], 90)
    assert "how long own takes to build" in found["unknown"]
    assert found["added"] == {"usd": "32791.60", "unknown": []}  # one machine, 35,945.20, less Azure's tokens
    only = row(tmp_path, AZURE % "" + OWN % (4, ", standby: cold"), "azure_openai")
    assert (only["verdict"], only["restore_minutes"]) == ("dies", None)


def test_a_wrong_policy_configuration_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.x.yaml"
    file.write_text(HEAD + AZURE % "" + VERTEX % "")
    (tmp_path / "policy-config.json").write_text(
        '{"fallback-capacity": {"tokens_per_minute": {"chat/vertex": "many"}}}'
    )
    ended = CliRunner().invoke(cli, ["exit-plan", str(file), "--all", "--today", "2026-11-25"])
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "AW011" in ended.stderr


def test_oracle_leaves_the_key_that_was_made_or_the_one_that_was_named(tmp_path: Path) -> None:
    oci = "        oci: {priority: 3, provider: oci_generative_ai, region: us-chicago-1%s}\n"
    vault = "ocid1.vault.oc1.iad.v"
    made = f", options: {{managed_api_key: {{vault_id: {vault}, key_id: ocid1.key.oc1.iad.k, rotation: r1}}}}"
    assert steps(row(tmp_path, AZURE % "" + oci % "", "oci_generative_ai"), "key") == [
        ("api_key", "revoke what env:OCI_GENAI_API_KEY holds, and delete it there")
    ]
    assert steps(row(tmp_path, AZURE % "" + oci % made, "oci_generative_ai"), "key") == [
        ("managed_api_key", f"revoke the API key made for it, and delete its secret in the vault {vault}")
    ]


def test_rows_stand_by_loss_and_then_by_stack(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"Pulumi.{name}.yaml").write_text(HEAD + AZURE % "" + VERTEX % "")
    ended = CliRunner().invoke(
        cli, ["exit-plan", str(tmp_path), "--all", "--today", "2026-11-25", "--format", "json"]
    )
    rows = [(one["loss"], Path(one["stack"]).name) for one in json.loads(ended.output)["rows"]]
    assert rows[:4] == [
        ("provider:azure_openai", "Pulumi.a.yaml"), ("provider:azure_openai", "Pulumi.b.yaml"),
        ("provider:vertex_ai", "Pulumi.a.yaml"), ("provider:vertex_ai", "Pulumi.b.yaml"),
    ]  # fmt: skip
