"""`anyport catalog refresh` over HTTP: the change, what is written, and what still works when a place fails."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from live_helpers import COMPARTMENT, SUBSCRIPTION, TOKEN, Run

from anyport.catalog.folder import load_folder
from anyport_sandbox.live.server import Fault, ListingServer
from anyport_sandbox.live.world import world

EXPECTED = Path(__file__).parent / "expected"
TWO = ("--location", "eastus2", "--location", "westus")


def change(server: ListingServer) -> None:
    """A date that moved forward, one that moved back, a model that went, one that is new."""
    world = server.world
    for region in ("eastus2", "westus"):
        world.azure_model(region, "gpt-5.4")["model"]["deprecation"]["inference"] = "2027-01-31T00:00:00Z"
        world.azure_model(region, "gpt-4o")["model"]["deprecation"]["inference"] = "2027-04-14T00:00:00Z"
        rows = world.azure_models[region]
        rows[:] = [row for row in rows if row["model"]["name"] != "qwen3-32b"]
        rows.append({"model": {"name": "gpt-6", "version": "1", "format": "OpenAI", "skus": []}})


def files(data: Path) -> dict[str, str]:
    return {file.name: file.read_text("utf-8") for file in sorted((data / "models").iterdir())}


def test_the_change_is_shown_and_nothing_is_written(server: ListingServer, refresh: Run, data: Path) -> None:
    """With four models of 2026-11-25, so that later facts change no expected result."""
    shutil.rmtree(data / "models")
    shutil.copytree(Path(__file__).parent / "catalog" / "models", data / "models")
    server.world = world(load_folder(data))
    change(server)
    before = files(data)
    done = refresh("azure", *TWO)
    assert done.exit_code == 0
    assert done.output == (EXPECTED / "refresh_azure.txt").read_text("utf-8")
    assert files(data) == before


@pytest.mark.parametrize("cloud", ["azure", "gcp", "oci"])
def test_what_is_written_is_right_and_a_second_time_changes_nothing(
    server: ListingServer, refresh: Run, data: Path, cloud: str
) -> None:
    change(server)
    before = files(data)
    assert refresh(cloud, "--write").exit_code == 0
    written = files(data)
    assert written != before
    load_folder(data)
    for name, text in before.items():
        comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
        assert [line for line in written[name].splitlines() if line.lstrip().startswith("#")] == comments
    again = json.loads(refresh(cloud, "--write", "--format", "json").output)
    assert (again["diff"], again["written"]) == ("", [])
    assert files(data) == written


def test_line_ends_stay_those_of_the_file(server: ListingServer, refresh: Run, data: Path) -> None:
    change(server)
    for file in (data / "models").iterdir():
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert refresh("azure", "--write").exit_code == 0
    for file in (data / "models").iterdir():
        text = file.read_bytes()
        assert text.count(b"\n") == text.count(b"\r\n"), file.name


def test_no_fact_is_lost(server: ListingServer, refresh: Run, data: Path) -> None:
    """After an empty list every row is still there, with all it said, and marked."""
    before = load_folder(data)
    for rows in server.world.azure_models.values():
        rows.clear()
    assert refresh("azure", "--write").exit_code == 0
    after = load_folder(data)
    for name, model in before.models.items():
        old, new = model.offers.get("azure_openai"), after.models[name].offers.get("azure_openai")
        if old and new:
            kept = {"evidence"}
            assert new.model_dump(exclude=kept) == old.model_dump(exclude=kept)
            assert new.evidence.doubtful
            assert old.evidence.note in new.evidence.note
        assert (old is None) == (new is None)


def test_a_place_that_fails_does_not_hide_the_others(server: ListingServer, refresh: Run) -> None:
    server.faults.append(Fault("403", where="/westus/"))
    done = refresh("azure", *TWO, "--format", "json")
    found = json.loads(done.stdout)
    assert (done.exit_code, found["places"]) == (3, ["eastus2"])
    assert [problem["code"] for problem in found["failures"]] == ["AP524"]
    assert "confirmed" in {model["state"] for model in found["models"]}


def test_a_place_that_fails_takes_nothing_away(server: ListingServer, refresh: Run, data: Path) -> None:
    """A cut listing must not read as a shorter one: nothing is marked as not listed because of it."""
    server.page = 3
    server.faults.append(Fault("cut", where="skiptoken=6"))
    before = files(data)
    done = refresh("azure", "--write")
    assert done.exit_code == 3
    assert files(data) == before


@pytest.mark.parametrize("cloud", ["azure", "gcp", "oci"])
def test_saved_answers_give_the_same_and_name_nobody(
    server: ListingServer, refresh: Run, tmp_path: Path, cloud: str
) -> None:
    change(server)
    saved = tmp_path / "answers"
    saved.mkdir()
    places = {"azure": TWO, "oci": ("--location", "us-chicago-1")}.get(cloud, ())
    live = refresh(cloud, *places, "--save-answers", "answers")
    asked = len(server.asked)
    text = "".join(file.read_text("utf-8") for file in saved.iterdir())
    for secret in (SUBSCRIPTION, COMPARTMENT, TOKEN, "description", "ocid1."):
        assert secret not in text
    assert refresh(cloud, "--answers", "answers", live=False).output == live.output
    assert len(server.asked) == asked


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--location", "eastus3"), "did you mean eastus"),
        (("--location", "../x"), "is no region"),
        (("--today", "soon"), "is no date"),
        (("--endpoint", "http://cloud.example"), "AP531"),
        (("--endpoint", "cloud=https://cloud.example"), "AP531"),
        (("--token-env", "not a name"), "is no name of a variable"),
        (("--subscription", "a/../b"), "is no subscription"),
        (("--save-answers", "nowhere"), "is no folder"),
        (("--answers", "nowhere"), "AP522"),
        (("--answers", "data", "--save-answers", "data"), "use one of them"),
        (("--data", "nowhere"), "AP502"),
    ],
)
def test_wrong_input(server: ListingServer, refresh: Run, args: tuple[str, ...], says: str) -> None:
    from click.exceptions import UsageError

    try:
        done = refresh("azure", *args)
        code, text = done.exit_code, done.output + done.stderr
    except UsageError as error:
        code, text = error.exit_code, error.message
    assert code == 2
    assert says in text
    assert "Traceback" not in text
    assert server.asked == []


def test_a_token_that_was_written_by_mistake_is_not_repeated(refresh: Run) -> None:
    done = refresh("azure", "--token-env", TOKEN)
    assert TOKEN not in done.output + done.stderr


def test_google_names_no_regions(refresh: Run) -> None:
    done = refresh("gcp", "--location", "us-central1")
    assert done.exit_code == 2
    assert "names no regions" in done.stderr


def test_no_subscription(refresh: Run, server: ListingServer) -> None:
    done = refresh(
        "azure", "--location", "eastus", "--endpoint", server.url, "--token-env", "LISTING_TOKEN", live=False
    )
    assert done.exit_code == 3
    assert "AP521" in done.stderr
    assert "--subscription" in done.stderr
    assert server.asked == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"anyport_answer": 2}', '{"anyport_answer": 1, "provider": "azure_openai"}']
)
def test_a_broken_saved_answer(refresh: Run, data: Path, text: str) -> None:
    folder = data.parent / "answers"
    folder.mkdir()
    (folder / "x.json").write_text(text)
    done = refresh("azure", "--answers", "answers", live=False)
    assert done.exit_code == 2
    assert "AP522" in done.stderr


def test_what_a_cloud_says_cannot_act_on_a_terminal(server: ListingServer, refresh: Run) -> None:
    evil = "x\u202e\x1b[2J"
    world = server.world
    world.azure_model("eastus2", "gpt-4o")["model"]["format"] = evil
    world.azure_models["eastus2"].append({"model": {"name": evil, "version": evil, "skus": []}})
    done = refresh("azure", "--location", "eastus2")
    assert done.exit_code == 0
    assert "listed and not in the catalog: x" in done.output
    assert not {"\u202e", "\x1b"} & set(done.output)
