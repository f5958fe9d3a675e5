"""PASS only where a cloud says so, FAIL only where it says no, and WARN for whatever is not told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from preflight_helpers import Preflight, rewrite, rows, verdicts

from anyport_sandbox.live.server import Fault, ListingServer

EXPECTED = Path(__file__).parent / "expected"
QUOTA = "OpenAI.Standard.gpt-oss-120b"
SOUND = {
    "azure-east offered": "PASS",
    "azure-east quota": "PASS",
    "azure-south offered": "PASS",
    "azure-south quota": "PASS",
    "vertex offered": "PASS",
    "vertex quota": "WARN",
    "oci offered": "PASS",
    "oci quota": "WARN",
    "coreweave offered": "PASS",
    "coreweave quota": "PASS",
    "failover": "PASS",
}


def model(server: ListingServer, region: str = "eastus2") -> dict[str, Any]:
    found: dict[str, Any] = server.world.azure_model(region, "gpt-oss-120b")["model"]
    return found


def test_sound(preflight: Preflight) -> None:
    done = preflight("--format", "json")
    assert (done.exit_code, verdicts(done)) == (0, SOUND)


@pytest.mark.parametrize(("format", "suffix"), [("text", "txt"), ("json", "json"), ("markdown", "md")])
def test_reports(server: ListingServer, preflight: Preflight, format: str, suffix: str) -> None:  # noqa: A002
    server.world.azure_usage("southcentralus", QUOTA, 200, 50)
    done = preflight("--format", format)
    assert done.exit_code == 1
    assert done.output == (EXPECTED / f"preflight.{suffix}").read_text("utf-8")


@pytest.mark.parametrize(
    ("limit", "used", "verdict", "needed"),
    [
        (300, 0, "PASS", None),
        (299, 0, "FAIL", 300),
        (1000, 700, "PASS", None),
        (1000, 701, "FAIL", 1001),
        (0, 0, "FAIL", 300),
        (100, 400, "FAIL", 700),
    ],
)
def test_quota(
    server: ListingServer, preflight: Preflight, limit: int, used: int, verdict: str, needed: int | None
) -> None:
    server.world.azure_usage("eastus2", QUOTA, limit, used)
    row = rows(preflight("--format", "json"))["azure-east", "quota"]
    assert row["verdict"] == verdict
    assert (row["request"] or {}).get("needed") == needed


def test_what_is_up_already_is_in_use_already(server: ListingServer, preflight: Preflight) -> None:
    server.world.azure_usage("eastus2", QUOTA, 300, 300)
    failed = preflight("--format", "json")
    assert failed.exit_code == 1
    assert "--deployed" in rows(failed)["azure-east", "quota"]["text"]
    assert preflight("--deployed", "chat/azure-east").exit_code == 0
    assert preflight("--deployed", "all").exit_code == 0
    assert preflight("--deployed", "chat/azure-south").exit_code == 1
    assert preflight("--deployed", "chat/nobody").exit_code == 2


def test_targets_that_share_a_quota_are_summed(server: ListingServer, preflight: Preflight) -> None:
    """Each alone would fit: 300 of 500."""
    rewrite("southcentralus", "eastus2")
    server.world.azure_usage("eastus2", QUOTA, 500, 0)
    done = preflight("--format", "json")
    found = rows(done)
    assert [found[name, "quota"]["verdict"] for name in ("azure-east", "azure-south")] == ["FAIL", "FAIL"]
    assert found["azure-east", "quota"]["request"]["needed"] == 600
    assert len(json.loads(done.stdout)["requests"]) == 1


def test_stack_files_that_share_a_quota_are_summed(server: ListingServer, preflight: Preflight) -> None:
    Path("Pulumi.other.yaml").write_text(Path("Pulumi.app.yaml").read_text())
    server.world.azure_usage("eastus2", QUOTA, 500, 0)
    assert "300 for other targets" in rows(preflight("--format", "json"))["azure-east", "quota"]["text"]


def test_another_subscription_is_another_quota(server: ListingServer, preflight: Preflight) -> None:
    other = "11111111-2222-3333-4444-555555555555"
    rewrite("region: southcentralus", f"region: eastus2, options: {{subscription_id: {other}}}")
    server.world.azure_usage("eastus2", QUOTA, 500, 0)
    assert verdicts(preflight("--format", "json")) == SOUND
    assert any(f"/subscriptions/{other}/" in one.path for one in server.asked)


def test_a_quota_that_is_not_listed_is_not_known(server: ListingServer, preflight: Preflight) -> None:
    server.world.azure_usages["eastus2"].clear()
    found = verdicts(preflight("--format", "json"))
    assert found["azure-east quota"] == "WARN"


def test_model_is_not_there(server: ListingServer, preflight: Preflight) -> None:
    server.world.azure_models["eastus2"].clear()
    row = rows(preflight("--format", "json"))["azure-east", "offered"]
    assert (row["verdict"], row["text"]) == ("FAIL", "gpt-oss-120b is not listed in eastus2")


@pytest.mark.parametrize(
    ("change", "verdict", "says"),
    [
        ({"version": "2"}, "FAIL", "listed versions: 2"),
        ({"format": "Microsoft"}, "FAIL", "listed with the format Microsoft, and OpenAI-OSS would be sent"),
        (
            {"skus": [{"name": "GlobalStandard"}]},
            "FAIL",
            "has no SKU Standard in eastus2; listed: GlobalStandard",
        ),
        ({"skus": [{"name": "GlobalBatch"}]}, "FAIL", "none that answers calls"),
        ({"skus": [{"name": "Standard", "capacity": {"maximum": 100}}]}, "FAIL", "above the most of 100"),
        ({"skus": [{"name": "Standard", "capacity": {"minimum": 500}}]}, "FAIL", "below the least of 500"),
        ({"skus": [{"name": "Standard", "capacity": {"minimum": 0, "step": 70}}]}, "FAIL", "no step of 70"),
        ({"lifecycleStatus": "Deprecated"}, "FAIL", "retired"),
        ({"lifecycleStatus": "Deprecating"}, "WARN", "closed to customers"),
        ({"deprecation": {"inference": "2026-11-25T00:00:00Z"}}, "FAIL", "retired since 2026-11-25"),
        ({"deprecation": {"inference": "2026-12-25T00:00:00Z"}}, "WARN", "in 30 days"),
        ({"deprecation": {"inference": "2028-01-01T00:00:00Z"}}, "PASS", "until 2028-01-01"),
    ],
)
def test_model_is_offered_otherwise(
    server: ListingServer, preflight: Preflight, change: dict[str, Any], verdict: str, says: str
) -> None:
    model(server).update(change)
    row = rows(preflight("--format", "json"))["azure-east", "offered"]
    assert row["verdict"] == verdict
    assert says in row["text"]


def test_another_version_that_is_listed_too_does_not_matter(
    server: ListingServer, preflight: Preflight
) -> None:
    item = server.world.azure_model("eastus2", "gpt-oss-120b")
    server.world.azure_models["eastus2"].insert(0, {"model": {**item["model"], "version": "0", "skus": []}})
    assert verdicts(preflight("--format", "json")) == SOUND


def test_fallbacks_too_small(server: ListingServer, preflight: Preflight) -> None:
    """The one that is sure has no room; what the others give nobody says."""
    server.world.azure_usage("southcentralus", QUOTA, 100, 0)
    row = rows(preflight("--format", "json"))["", "failover"]
    assert row["verdict"] == "WARN"
    assert row["text"].endswith("0 of 300,000 tokens per minute are sure; not known: vertex, oci, coreweave")


def test_fallback_capacity_below_the_traffic_fails_when_all_is_known(preflight: Preflight) -> None:
    text = Path("Pulumi.app.yaml").read_text()
    Path("Pulumi.app.yaml").write_text(text[: text.index("        vertex:")])
    rewrite("region: southcentralus", "region: southcentralus, options: {capacity: 200}")
    row = rows(preflight("--format", "json"))["", "failover"]
    assert (row["verdict"], row["text"]) == (
        "FAIL",
        "without azure-east: 200,000 of 300,000 tokens per minute are sure",
    )


def test_no_fallback(preflight: Preflight) -> None:
    text = Path("Pulumi.app.yaml").read_text()
    Path("Pulumi.app.yaml").write_text(text[: text.index("        azure-south:")])
    assert verdicts(preflight("--format", "json"))["failover"] == "FAIL"


def test_traffic_that_is_not_declared(preflight: Preflight) -> None:
    rewrite("      traffic: {requests_per_minute: 600, tokens_per_minute: 300000}\n", "")
    found = rows(preflight("--format", "json"))
    assert found["", "failover"]["verdict"] == "WARN"
    assert "needs 10 thousand" in found["azure-east", "quota"]["text"]


PTU = "options: {deployment_kind: ptu, capacity: 50, spillover: {deployment_kind: global}}"


def test_provisioned_throughput_and_what_it_spills_into(server: ListingServer, preflight: Preflight) -> None:
    rewrite("region: eastus2", f"region: eastus2, {PTU}")
    model(server)["skus"] = [
        {"name": "ProvisionedManaged", "usageName": "OpenAI.ProvisionedManaged"},
        {"name": "GlobalStandard", "usageName": "OpenAI.GlobalStandard.gpt-oss-120b"},
    ]
    server.world.azure_usage("eastus2", "OpenAI.ProvisionedManaged", 40, 0)
    done = preflight("--format", "json")
    found = [
        row
        for row in json.loads(done.stdout)["rows"]
        if (row["target"], row["check"]) == ("azure-east", "quota")
    ]
    assert [(row["verdict"], row["text"].split(":")[0]) for row in found] == [
        ("FAIL", "OpenAI.ProvisionedManaged"),
        ("PASS", "OpenAI.GlobalStandard.gpt-oss-120b"),
    ]
    assert (found[0]["request"]["needed"], found[0]["request"]["unit"]) == (50, "PTU")


DEDICATED = (
    "options: {deployment_kind: dedicated, unit_shape: SHAPE, unit_count: 2, minimum_commitment_acknowledged: true, "
    "model_ocid: ocid1.generativeaimodel.oc1.us-chicago-1.abc}"
)


LIMITS = {
    "H100": "dedicated-unit-h100-count",
    "LARGE_COHERE": "dedicated-unit-large-cohere-count",
    "SMALL_COHERE": "dedicated-unit-small-cohere-count",
    "LARGE_GENERIC": "dedicated-unit-llama2-70-count",
}


@pytest.mark.parametrize(
    ("shape", "available", "verdict"),
    [
        ("OAI_H100_X2", 4, "PASS"),
        ("OAI_H100_X2", 3, "FAIL"),
        ("H100_X8", 15, "FAIL"),
        ("LARGE_COHERE_V2_2", 4, "PASS"),
        ("LARGE_COHERE_V2_2", 3, "FAIL"),
        ("SMALL_COHERE_4", 8, "PASS"),
        ("SMALL_COHERE_4", 7, "FAIL"),
        ("LARGE_GENERIC", 4, "PASS"),
        ("LARGE_GENERIC_V9", 99, "WARN"),
        ("OAI_A100_80G_X2", 99, "WARN"),
    ],
)
def test_units_of_oci(
    server: ListingServer, preflight: Preflight, shape: str, available: int, verdict: str
) -> None:
    rewrite("region: us-chicago-1", "region: us-chicago-1, " + DEDICATED.replace("SHAPE", shape))
    limit = next((found for part, found in LIMITS.items() if part in shape), "none")
    server.world.oci_limits[limit] = {"used": 0, "available": available}
    row = rows(preflight("--format", "json"))["oci", "quota"]
    assert row["verdict"] == verdict
    if verdict == "FAIL":
        assert limit in row["request"]["how"]


@pytest.mark.parametrize(
    ("machines", "verdict"),
    [([(8, 0)], "PASS"), ([(8, 4)], "PASS"), ([(8, 5)], "FAIL"), ([(8, 7), (8, 7), (8, 7), (8, 7)], "FAIL")],
)
def test_gpus_must_lie_on_one_machine(
    server: ListingServer, preflight: Preflight, machines: list[tuple[int, int]], verdict: str
) -> None:
    """Two servers of two GPUs: four that are spread over four machines hold none of them."""
    world = server.world
    world.nodes.clear()
    world.pods.clear()
    for index, (gpus, taken) in enumerate(machines):
        world.machine(f"n{index}", "gd-8xh100ib-i128", gpus, taken)
    assert rows(preflight("--format", "json"))["coreweave", "quota"]["verdict"] == verdict


def test_no_machine_of_the_type(server: ListingServer, preflight: Preflight) -> None:
    server.world.nodes.clear()
    assert verdicts(preflight("--format", "json"))["coreweave offered"] == "FAIL"


@pytest.mark.parametrize(("kind", "code"), [("403", "AP524"), ("404", "AP525"), ("garbage", "AP527")])
def test_a_cloud_without_an_answer_is_a_warning_and_ends_with_3(
    server: ListingServer, preflight: Preflight, kind: str, code: str
) -> None:
    server.faults.append(Fault(kind, where="/eastus2/usages"))  # type: ignore[arg-type]
    done = preflight("--format", "json")
    found = rows(done)
    assert done.exit_code == 3
    assert found["azure-east", "offered"]["verdict"] == "PASS"
    assert (found["azure-east", "quota"]["verdict"], found["azure-east", "quota"]["code"]) == ("WARN", code)
    assert found["azure-south", "quota"]["verdict"] == "PASS"


def test_a_cluster_without_an_address_was_not_asked(preflight: Preflight, server: ListingServer) -> None:
    asked = [part for cloud in ("azure", "gcp", "oci") for part in
             ("--endpoint", f"{cloud}={server.url}", "--token-env", f"{cloud}=LISTING_TOKEN")]  # fmt: skip
    done = preflight(*asked, "--format", "json", live=False)
    row = rows(done)["coreweave", "offered"]
    assert (done.exit_code, row["verdict"], row["code"]) == (0, "WARN", "AP521")
    assert "--endpoint coreweave:US-EAST-04A=https://" in row["text"]


def test_saved_answers(server: ListingServer, preflight: Preflight) -> None:
    Path("answers").mkdir()
    live = preflight("--save-answers", "answers", "--format", "json")
    count = len(server.asked)
    done = preflight("--answers", "answers", "--format", "json", live=False)
    assert (done.exit_code, done.stdout, len(server.asked)) == (0, live.stdout, count)
    text = "".join(file.read_text() for file in Path("answers").iterdir())
    assert "sub-1" not in text
    assert "my-project" not in text
    assert "ocid1." not in text


@pytest.mark.parametrize(
    ("today", "passes"), [("2026-12-02", True), ("2026-12-03", False), ("2026-11-24", False)]
)
def test_old_answers_let_nothing_pass(preflight: Preflight, today: str, passes: bool) -> None:
    Path("answers").mkdir()
    preflight("--save-answers", "answers")
    done = preflight("--answers", "answers", "--format", "json", "--today", today, live=False)
    assert ("PASS" in verdicts(done).values()) == passes
    assert done.exit_code == 0


def test_answers_of_another_account_are_not_taken(preflight: Preflight) -> None:
    Path("answers").mkdir()
    preflight("--save-answers", "answers")
    done = preflight("--answers", "answers", "--subscription", "other", "--format", "json", live=False)
    row = rows(done)["azure-east", "offered"]
    assert (row["verdict"], row["code"]) == ("WARN", "AP530")


def test_a_wrong_stack_file(preflight: Preflight) -> None:
    rewrite("region: eastus2", "region: eastus9")
    done = preflight("--format", "json")
    assert done.exit_code == 2
    assert [problem["code"] for problem in json.loads(done.stdout)["problems"]] == ["AP202"]


def test_each_list_is_asked_once(server: ListingServer, preflight: Preflight) -> None:
    Path("Pulumi.other.yaml").write_text(Path("Pulumi.app.yaml").read_text())
    preflight()
    seen = [(one.path, tuple(sorted(one.query.items()))) for one in server.asked]
    assert len(seen) == len(set(seen))


def test_stacks_that_share_one_spec_need_its_quota_once(server: ListingServer, preflight: Preflight) -> None:
    text = Path("Pulumi.app.yaml").read_text().removeprefix("config:\n")
    Path("spec.yaml").write_text(text.replace("  anyport:", "").replace("\n  ", "\n"))
    Path("Pulumi.app.yaml").write_text("config:\n  anyport:spec: spec.yaml\n")
    Path("Pulumi.other.yaml").write_text(
        "config:\n  anyport:spec: spec.yaml\n  anyport:build: {providers: [azure_openai]}\n"
    )
    server.world.azure_usage("eastus2", QUOTA, 300, 0)
    done = preflight("--format", "json")
    assert verdicts(done) == SOUND
    assert {row["file"] for row in json.loads(done.stdout)["rows"]} == {"spec.yaml"}


@pytest.mark.parametrize(("wanted", "verdict"), [(2, "WARN"), (0, "FAIL")])
def test_machines_that_a_node_pool_asks_for(
    server: ListingServer, preflight: Preflight, wanted: int, verdict: str
) -> None:
    server.world.nodes.clear()
    pool = {
        "spec": {"instanceType": "gd-8xh100ib-i128", "targetNodes": wanted},
        "status": {"currentNodes": 0},
    }
    server.world.node_pools.append(pool)
    assert verdicts(preflight("--format", "json"))["coreweave offered"] == verdict


def test_the_page_shows_a_real_report(checkout: Path) -> None:
    assert (EXPECTED / "preflight.txt").read_text("utf-8") in (checkout / "docs" / "preflight.md").read_text(
        "utf-8"
    )
