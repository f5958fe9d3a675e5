"""Google: PASS where the model, the API, the region and the quota are all told; each of them can take it away."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
from preflight_helpers import Preflight, rewrite, rows

from anyport.live.google import SHAPES
from anyport_sandbox.live.server import Fault, ListingServer
from anyport_sandbox.live.world import GPUS

MODEL = "gpt-oss-120b-maas"
TOKENS = "online_prediction_tokens_per_minute_per_base_model"
GARDEN = (
    "options: {project: my-project, deployment_kind: model_garden, machine_type: a3-highgpu-2g, "
    "accelerator_type: NVIDIA_H100_80GB, accelerator_count: 2, min_replicas: 1, max_replicas: N}"
)


def offered(preflight: Preflight) -> tuple[str, str]:
    row = rows(preflight("--format", "json"))["vertex", "offered"]
    return row["verdict"], row["text"]


def quota(preflight: Preflight, *args: str) -> dict[str, Any]:
    found: dict[str, Any] = rows(preflight("--format", "json", *args))["vertex", "quota"]
    return found


def one_rate(server: ListingServer, limit: int, metric: str = TOKENS) -> None:
    server.world.google_quotas.clear()
    server.world.google_rate("Rate", metric, MODEL, limit)


def test_offered_tells_what_it_rests_on(preflight: Preflight) -> None:
    verdict, text = offered(preflight)
    assert verdict == "PASS"
    assert text.split(", ") == [
        f"openai/{MODEL} is known at us-central1's address (ga)",
        "the API is enabled",
        "and us-central1 serves it by Google's pages (2026-11-23)",
    ]


def test_an_api_that_is_disabled(server: ListingServer, preflight: Preflight) -> None:
    server.world.google_services.clear()
    verdict, text = offered(preflight)
    assert verdict == "FAIL"
    assert "gcloud services enable aiplatform.googleapis.com --project=my-project" in text


def test_an_api_that_may_not_be_asked_about(server: ListingServer, preflight: Preflight) -> None:
    server.faults.append(Fault("403", where="/services/aiplatform.googleapis.com", times=1))
    done = preflight("--format", "json")
    row = rows(done)["vertex", "offered"]
    assert (done.exit_code, row["verdict"], row["code"]) == (3, "WARN", "AP524")


@pytest.mark.parametrize(
    ("stage", "verdict", "says"),
    [
        ("GA", "PASS", "(ga)"),
        ("PUBLIC_PREVIEW", "PASS", "(preview)"),
        ("PRIVATE_PREVIEW", "WARN", "open to some customers only"),
        ("EXPERIMENTAL", "WARN", "open to some customers only"),
        ("LAUNCH_STAGE_UNSPECIFIED", "PASS", "address, the API"),
    ],
)
def test_launch_stages(
    server: ListingServer, preflight: Preflight, stage: str, verdict: str, says: str
) -> None:
    for item in server.world.google_models["openai"]:
        item["launchStage"] = stage
    found = offered(preflight)
    assert found[0] == verdict
    assert says in found[1]


def test_a_model_that_the_region_does_not_know(server: ListingServer, preflight: Preflight) -> None:
    """A managed one may be there all the same; what is deployed from the list may not."""
    server.world.google_models["openai"] = []
    verdict, text = offered(preflight)
    assert (verdict, "not known at us-central1's address" in text) == ("WARN", True)
    rewrite("options: {project: my-project}", GARDEN.replace("N}", "1}"))
    assert offered(preflight)[0] == "FAIL"


def test_a_region_that_nobody_has_the_model_in_does_not_pass(preflight: Preflight) -> None:
    """The address knows the model, and no source of the catalog says where Gemini runs."""
    rewrite("model: gpt-oss-120b", "model: gemini-3.5-flash")
    text = Path("Pulumi.app.yaml").read_text()
    lines = [line for line in text.splitlines() if "provider:" not in line or "vertex_ai" in line]
    Path("Pulumi.app.yaml").write_text("\n".join(lines))
    verdict, said = offered(preflight)
    assert verdict == "WARN"
    assert "neither that nor the catalog says for sure" in said
    row = quota(preflight)
    assert row["verdict"] == "PASS"
    assert row["text"].startswith("none to ask for: dynamic shared quota (Google's pages")
    assert row["text"].endswith("a 429 can come at any load")


def test_a_managed_model_without_a_quota_of_its_name_stays_unknown(
    server: ListingServer, preflight: Preflight
) -> None:
    server.world.google_quotas.clear()
    row = quota(preflight)
    assert (row["verdict"], "no quota that names the model" in row["text"]) == ("WARN", True)


@pytest.mark.parametrize(
    ("limit", "used", "verdict"),
    [
        (300_000, [], "PASS"),
        (299_999, [], "FAIL"),
        (900_000, [10, 600_000, 20], "PASS"),
        (900_000, [10, 600_001, 20], "FAIL"),
        (-1, [], "PASS"),
    ],
)
def test_a_rate_beside_its_busiest_minute(
    server: ListingServer, preflight: Preflight, limit: int, used: list[int], verdict: str
) -> None:
    one_rate(server, limit)
    if used:
        server.world.google_usage(TOKENS, used, model=MODEL)
        server.world.google_usage(TOKENS, [10**9], model="another")
        server.world.google_usage(TOKENS, [10**9], model=MODEL, region="us-east5")
    assert quota(preflight)["verdict"] == verdict


def test_a_rate_that_passes_counts_in_a_failover(server: ListingServer, preflight: Preflight) -> None:
    """Without the first target it is what is sure."""
    one_rate(server, 300_000)
    server.world.azure_usage("southcentralus", "OpenAI.Standard.gpt-oss-120b", 100, 0)
    found = rows(preflight("--format", "json"))["", "failover"]
    assert (found["verdict"], found["text"]) == (
        "PASS",
        "without azure-east: 300,000 of 300,000 tokens per minute are sure",
    )


def test_a_rate_whose_use_may_not_be_asked_for_does_not_pass(
    server: ListingServer, preflight: Preflight
) -> None:
    one_rate(server, 10**6)
    server.faults.append(Fault("403", where="/timeSeries"))
    done = preflight("--format", "json")
    mine = [r for r in json.loads(done.stdout)["rows"] if (r["target"], r["check"]) == ("vertex", "quota")]
    assert {row["verdict"] for row in mine} == {"WARN"}
    assert (done.exit_code, mine[0]["code"]) == (3, "AP524")


def test_a_side_of_the_tokens_is_known_up_to_a_bound(server: ListingServer, preflight: Preflight) -> None:
    """All 300 thousand may be answers, or none of them."""
    side = "online_prediction_output_tokens_per_minute_per_base_model"
    one_rate(server, 300_000, side)
    assert quota(preflight)["verdict"] == "PASS"
    one_rate(server, 299_999, side)
    row = quota(preflight)
    assert (row["verdict"], row["request"]) == ("WARN", None)
    assert "how much is not declared" in row["text"]


@pytest.mark.parametrize(
    ("replicas", "taken", "verdict"),
    [(8, None, "WARN"), (9, None, "FAIL"), (5, [16, 6], "PASS"), (6, [1, 6], "FAIL")],
)
def test_gpus_of_model_garden(
    server: ListingServer, preflight: Preflight, replicas: int, taken: list[int] | None, verdict: str
) -> None:
    """16 are allowed, two for each replica; the newest point is what is in use, and none is no nought."""
    if taken is not None:
        server.world.google_usage(GPUS, taken)
    rewrite("options: {project: my-project}", GARDEN.replace("N}", f"{replicas}}}"))
    row = quota(preflight)
    assert row["verdict"] == verdict
    if verdict == "FAIL":
        assert row["request"]["how"] == (
            "gcloud quotas preferences create --service=aiplatform.googleapis.com --project=my-project "
            "--quota-id=CustomModelServingH100GPUsPerProjectPerRegion --preferred-value=18 "
            "--dimensions=region=us-central1"
        )


def test_gpus_of_several_targets_are_summed_where_use_is_not_told(preflight: Preflight) -> None:
    """Ten each, sixteen allowed."""
    rewrite("options: {project: my-project}", GARDEN.replace("N}", "5}"))
    assert quota(preflight)["verdict"] == "WARN"
    Path("Pulumi.other.yaml").write_text(Path("Pulumi.app.yaml").read_text())
    row = rows(preflight("--format", "json"))["vertex", "quota"]
    assert (row["verdict"], row["request"]["needed"]) == ("FAIL", 20)


def test_deployed_gpus_are_in_use_already(server: ListingServer, preflight: Preflight) -> None:
    server.world.google_usage(GPUS, [16])
    rewrite("options: {project: my-project}", GARDEN.replace("N}", "8}"))
    assert quota(preflight)["verdict"] == "FAIL"
    assert quota(preflight, "--deployed", "chat/vertex")["verdict"] == "PASS"


def test_saved_use_keeps_one_point_and_no_project(server: ListingServer, preflight: Preflight) -> None:
    one_rate(server, 900_000)
    server.world.google_usage(TOKENS, [1, 5, 3], model=MODEL)
    Path("answers").mkdir()
    live = preflight("--save-answers", "answers", "--format", "json")
    assert preflight("--answers", "answers", "--format", "json", live=False).stdout == live.stdout
    [file] = Path("answers").glob("vertex_ai.usage.*")
    [item] = json.loads(file.read_text())["items"]
    assert [point["value"] for point in item["points"]] == [{"int64Value": "5"}]
    assert "my-project" not in file.read_text()


def test_the_use_of_two_days_is_asked_for(server: ListingServer, preflight: Preflight) -> None:
    preflight()
    asked = next(one.query for one in server.asked if one.path.endswith("/timeSeries"))
    assert (asked["interval.startTime"], asked["interval.endTime"]) == (
        "2026-11-23T00:00:00Z",
        "2026-11-26T00:00:00Z",
    )


def document(name: str) -> dict[str, Any]:
    spec = importlib.util.find_spec("googleapiclient")
    assert spec
    assert spec.origin
    file = Path(spec.origin).parent / "discovery_cache/documents" / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def keys(schemas: dict[str, Any], name: str, shape: Any) -> None:
    """Every key that is read is one of the schema's."""
    for key, inner in (shape or {}).items():
        properties = schemas[name].get("properties", {})
        assert key in properties, (name, key)
        below = properties[key].get("items", properties[key]).get("$ref")
        if inner and below:
            keys(schemas, below, inner)


@pytest.mark.parametrize(
    ("api", "schema", "what"),
    [
        ("aiplatform.v1", "GoogleCloudAiplatformV1PublisherModel", "model"),
        ("serviceusage.v1", "GoogleApiServiceusageV1Service", "service"),
        ("monitoring.v3", "TimeSeries", "usage"),
    ],
)
def test_keys_and_addresses_are_those_of_googles_documents(
    server: ListingServer, preflight: Preflight, api: str, schema: str, what: str
) -> None:
    found = document(api)
    keys(found["schemas"], schema, SHAPES[what])
    methods = json.dumps(found["resources"])
    paths = [re.sub(r"\{[^}]*\}", "[^/]+", path) for path in re.findall(r'"flatPath": "([^"]*)"', methods)]
    preflight()
    mark = {
        "model": "/publishers/",
        "service": "/services/aiplatform.googleapis.com",
        "usage": "/timeSeries",
    }[what]
    [asked] = {one.path for one in server.asked if mark in one.path and "quotaInfos" not in one.path}
    assert any(re.fullmatch(path, asked.lstrip("/")) for path in paths)
    sent = {key for one in server.asked if one.path == asked for key in one.query}
    assert sent <= set(re.findall(r'"([\w.]+)": \{"description"', methods)) | {"filter", "view"}
