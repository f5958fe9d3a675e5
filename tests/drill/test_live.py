"""`anyport drill --gateway` as a user runs it: the real Envoy before model servers on loopback."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from raw_target import RawTarget
from running_envoy import envoy, write_credentials

from anyport.errors import AnyportError
from anyport.exit_plan.drilled import read_drills
from anyport.gateway.routes import route_table
from anyport.gateway.secrets import caller_line
from anyport.gateway.settings import GatewaySettings
from anyport_cli.drill_live_plan import live_steps, outcomes
from anyport_cli.main import cli
from anyport_sandbox.ports import reserve_ports

KEY, CALLER = "drill-key-hush-" + "k" * 30, "s" * 40
NAMES = ("east", "south", "cloud")
Start = Callable[..., str]


def contract(ports: dict[str, int], **more: Any) -> dict[str, Any]:
    """`chat` on servers of loopback; `priorities` and `features` by target."""
    priorities, features = more.pop("priorities", {}), more.pop("features", {})
    targets = [
        {
            "endpoint": "chat", "target": name, "provider": "azure_openai", "operator": "Microsoft", "region": "x",
            "failure_domain": name, "priority": priorities.get(name, place), "kind": "chat", "model": f"model-{name}",
            "base_url": f"http://127.0.0.1:{port}/{name}/v1", "auth": {"kind": "entra"},
            "features": features.get(name, []), "limits": {},
        }
        for place, (name, port) in enumerate(ports.items(), 1)
    ]  # fmt: skip
    whole = {"endpoint": "chat", "model": "m", "apis": ["chat_completions"], "features": [], "limits": {}}
    return {"endpoints": {"chat": {**whole, "targets": targets, **more}}}


@pytest.fixture
def servers() -> Iterator[dict[str, RawTarget]]:
    made = {name: RawTarget(name).start() for name in NAMES}
    yield made
    for each in made.values():
        each.stop()


@pytest.fixture
def start(servers: dict[str, RawTarget], tmp_path: Path) -> Iterator[Start]:
    """Starts Envoy for a contract, which is left as `contract.json`, and gives its base URL."""
    with ExitStack() as running:

        def go(raw: Any = None, key: str | None = KEY, **settings: Any) -> str:
            ports = {name: target.port for name, target in servers.items()}
            given = contract(ports) if raw is None else raw
            (tmp_path / "contract.json").write_text(json.dumps(given), "utf-8")
            (tmp_path / "drill").write_text(caller_line("drill", key or "n" * 40) + "\n", "utf-8")
            port, admin = reserve_ports(2)
            made = GatewaySettings(
                port=port, admin_port=admin, secrets_dir=str(tmp_path / "secrets"), first_byte_seconds=2,
                answer_seconds=2, drill_key_file=str(tmp_path / "drill") if key else None, **settings,
            )  # fmt: skip
            table = route_table(given)
            write_credentials(table, tmp_path / "secrets")
            return running.enter_context(envoy(table, made, tmp_path))

        yield go


def run(folder: Path, url: str, *more: str, **environment: str) -> Result:
    command = [
        "drill",
        "--gateway",
        url,
        "--contract",
        str(folder / "contract.json"),
        "--drill-key-env",
        "KEY",
    ]
    done = CliRunner().invoke(cli, [*command, *more], env={"KEY": KEY, **environment})
    assert KEY not in done.output
    assert CALLER not in done.output
    return done


@pytest.mark.envoy
def test_a_good_gateway_keeps_every_proof(
    start: Start, servers: dict[str, RawTarget], tmp_path: Path
) -> None:
    done = run(tmp_path, start(), "--requests", "2", "--page", str(tmp_path / "page.html"))
    assert done.exit_code == 0, done.output
    assert done.stdout == EXPECTED.replace("URL", done.stdout.rpartition("through ")[2].rstrip(".\n"))
    assert "9 steps, 34 requests at most" in done.stderr
    # Two of each kind per step; the last step has nobody to ask.
    assert {name: target.take() for name, target in servers.items()} == {"east": 20, "south": 8, "cloud": 4}
    page = (tmp_path / "page.html").read_text("utf-8")
    assert re.search(r"Live drill of chat, \d{4}-\d\d-\d\d<", page)
    assert KEY not in page


EXPECTED = """\
drilled             requests  answered  whole streams  served by  attempts  proofs
no drill            4         4         2 of 2         east       1         3 of 3
wrong key for east  4         4         2 of 2         east       1         3 of 3
east                4         4         2 of 2         south      2         3 of 3
south               4         4         2 of 2         east       1         3 of 3
cloud               4         4         2 of 2         east       1         3 of 3
east and south      4         4         2 of 2         cloud      3         3 of 3
east and cloud      4         4         2 of 2         south      2         3 of 3
south and cloud     4         4         2 of 2         east       1         3 of 3
all targets         2         0         -              -          -         2 of 2

chat: 26 of 26 proofs kept, in 9 steps with 34 requests, through URL.
"""


@pytest.mark.envoy
def test_json_has_every_proof_and_is_not_taken_for_a_drill_that_broke_targets(
    start: Start, tmp_path: Path
) -> None:
    done = run(tmp_path, start(), "--requests", "1", "--format", "json")
    value = json.loads(done.stdout)
    assert (value["kept"], value["live"], value["endpoint"], value["notes"]) == (True, True, "chat", [])
    assert date.fromisoformat(value["date"])
    assert [row["drilled"] for row in value["results"]][:3] == [[], ["east"], ["east"]]
    assert value["results"][2]["proofs"][1] == {
        "step": "east", "proof": "served by the right target", "kept": True, "says": "south after 2 attempts",
    }  # fmt: skip
    with pytest.raises(AnyportError, match="AP543"):
        read_drills({"live.json": done.stdout.encode()})


@pytest.mark.envoy
@pytest.mark.parametrize("body", [{"data": [{"embedding": [0.5]}]}, {"data": [{"embedding": []}]}])
def test_an_endpoint_for_embeddings_is_asked_for_those_and_never_streams(
    start: Start, servers: dict[str, RawTarget], tmp_path: Path, body: Any
) -> None:
    text = json.dumps(body).encode()
    for target in servers.values():
        target.mode = "raw"
        target.raw = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(text), text)
    raw = contract({name: target.port for name, target in servers.items()}, apis=["embeddings"])
    done = run(tmp_path, start(raw), "--requests", "2")
    hits = [hit for target in servers.values() for hit in target.hits]
    assert {hit.path for hit in hits} <= {f"/{name}/v1/embeddings" for name in NAMES}
    assert not [hit for hit in hits if "stream" in hit.json or "messages" in hit.json]
    if body["data"][0]["embedding"]:
        assert done.exit_code == 0, done.output
        assert {hit.json["model"] for hit in hits} == {f"model-{name}" for name in NAMES}
        assert (
            "east and south      2         2         -              cloud      3         3 of 3"
            in done.stdout
        )
        assert "in 9 steps with 17 requests" in done.stdout
    else:
        assert done.exit_code == 1
        assert "the body is no embedding" in done.stdout


@pytest.mark.envoy
def test_a_caller_s_key_is_sent_where_callers_have_keys(start: Start, tmp_path: Path) -> None:
    (tmp_path / "callers").write_text(caller_line("shop", CALLER) + "\n", "utf-8")
    url = start(callers_file=str(tmp_path / "callers"))
    asked = ("--requests", "1", "--caller-key-env", "CALLER")
    assert run(tmp_path, url, *asked, CALLER=f"shop.{CALLER}").exit_code == 0
    refused = run(tmp_path, url, *asked, CALLER="shop.wrong")
    assert refused.exit_code == 1
    assert "note: stopped after this step: the gateway answers nothing without a drill" in refused.stdout
    assert "status 401" in refused.stdout


@pytest.mark.envoy
@pytest.mark.parametrize("key", [None, "another-key-of-the-gateway-" + "z" * 20])
def test_a_gateway_that_does_not_know_the_key_is_found_out_and_not_asked_on(
    start: Start, servers: dict[str, RawTarget], tmp_path: Path, key: str | None
) -> None:
    done = run(tmp_path, start(key=key), "--requests", "3")
    assert done.exit_code == 1
    assert "the gateway does not mind the drill header" in done.stdout
    assert (
        "NOT KEPT  east: served by the right target: east after 1 attempts; right would be south after 2"
        in done.stdout
    )
    assert servers["east"].take() == 18


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("target", "mode", "says"),
    [
        ("east", "503", "NOT KEPT  no drill: served by the right target: south after"),
        ("south", "503", "NOT KEPT  east: served by the right target: cloud after 3 attempts; right would be south after 2"),
        ("cloud", "no-done", "NOT KEPT  east and south: answered whole: 2 of 4; the stream has an error event"),
        ("cloud", "cut", "NOT KEPT  east and south: answered whole: 2 of 4; "),
        ("cloud", "400", "NOT KEPT  east and south: answered whole: 0 of 4; status 400: cloud says 400"),
    ],
)  # fmt: skip
def test_a_fallback_that_does_not_serve_is_found_before_it_is_needed(
    start: Start, servers: dict[str, RawTarget], tmp_path: Path, target: str, mode: str, says: str
) -> None:
    servers[target].mode = mode
    done = run(tmp_path, start(), "--requests", "2")
    assert done.exit_code == 1
    assert says in done.stdout


@pytest.mark.envoy
def test_a_gateway_of_another_order_than_the_contract_s_is_found_out(
    start: Start, servers: dict[str, RawTarget], tmp_path: Path
) -> None:
    url = start()
    turned = contract({name: servers[name].port for name in ("east", "cloud", "south")})
    (tmp_path / "contract.json").write_text(json.dumps(turned), "utf-8")
    done = run(tmp_path, url, "--requests", "1")
    assert done.exit_code == 1
    assert "right would be cloud after 2" in done.stdout


@pytest.mark.envoy
def test_equal_priorities_and_features_decide_who_may_serve(
    start: Start, servers: dict[str, RawTarget], tmp_path: Path
) -> None:
    """South cannot stream, and shares the first priority with east."""
    ports = {name: target.port for name, target in servers.items()}
    features = {"east": ["streaming"], "south": [], "cloud": ["streaming"]}
    raw = contract(ports, priorities={"east": 1, "south": 1, "cloud": 2}, features=features)
    done = run(tmp_path, start(raw), "--requests", "8")
    assert done.exit_code == 0, done.stdout


def test_who_may_serve_follows_from_the_contract() -> None:
    ports = {name: 1000 + place for place, name in enumerate(NAMES)}
    features = {"east": ["streaming"], "south": [], "cloud": ["streaming"]}
    [route] = route_table(contract(ports, priorities={"south": 1}, features=features)).endpoints
    assert set(outcomes(route, (), ())) == {("east", 1), ("south", 1)}
    assert set(outcomes(route, ("east",), ())) == {("south", 1), ("south", 2)}
    assert set(outcomes(route, ("east",), ("streaming",))) == {("cloud", 2)}
    assert set(outcomes(route, ("east", "cloud"), ("streaming",))) == set()
    [unlisted] = route_table(contract(ports)).endpoints
    assert set(outcomes(unlisted, ("east",), ("streaming",))) == {("south", 2)}


def test_what_a_gateway_says_shows_no_key_and_steers_no_terminal(
    servers: dict[str, RawTarget], tmp_path: Path
) -> None:
    """One that is not ours and repeats what it was sent."""
    (tmp_path / "contract.json").write_text(json.dumps(contract({"east": 1, "south": 2})), "utf-8")
    text = json.dumps({"error": {"message": f"\x1b[2Jwrong keys {KEY} and {CALLER}", "code": "x"}}).encode()
    head = f"HTTP/1.1 401 X\r\nx-served-by: {KEY}\r\ncontent-length: {len(text)}\r\n\r\n".encode()
    servers["east"].mode, servers["east"].raw = "raw", head + text
    url = f"http://127.0.0.1:{servers['east'].port}/v1"
    done = run(tmp_path, url, "--caller-key-env", "CALLER", CALLER=CALLER)
    assert done.exit_code == 1
    assert "status 401: ?[2Jwrong keys <key> and <key>" in done.stdout
    assert servers["east"].take() == 10


def test_two_targets_have_no_pair_but_all() -> None:
    [route] = route_table(contract({"east": 1, "south": 2})).endpoints
    names = [step.name for step in live_steps(route)]
    assert names == ["no drill", "wrong key for east", "east", "south", "all targets"]


def test_nobody_at_the_address_is_exit_3(tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text(json.dumps(contract({"east": 1, "south": 2})), "utf-8")
    [port] = reserve_ports(1)
    done = run(tmp_path, f"http://127.0.0.1:{port}/v1")
    assert done.exit_code == 3
    assert f"the gateway at http://127.0.0.1:{port}/v1 did not answer" in done.stderr
    assert done.stdout == ""


LOCAL = "http://127.0.0.1:1/v1"


@pytest.mark.parametrize(
    ("url", "more", "environment", "says"),
    [
        (LOCAL, (), {"KEY": ""}, "AP411 --drill-key-env: the environment variable KEY is not set or empty"),
        (LOCAL, (), {"KEY": "short-and-hush"}, "AP411 --drill-key-env: what KEY holds is shorter than 32"),
        (LOCAL, (), {"KEY": "with space " * 9}, "AP411 --drill-key-env: what KEY holds cannot be sent"),
        (LOCAL, ("--caller-key-env", "NONE"), {}, "AP411 --caller-key-env: the environment variable NONE"),
        (LOCAL, ("--endpoint", "chats"), {}, "AP413 endpoints: there is no such endpoint for chat completions"),
        ("ftp://127.0.0.1/v1", (), {}, "AP412 --gateway: is not the base URL of a gateway"),
        ("127.0.0.1:8080", (), {}, "AP412 --gateway: is not the base URL"),
        ("", (), {}, "AP412 --gateway: is not the base URL"),
        ("https://g w.example.com/v1", (), {}, "AP412 --gateway: is not the base URL"),
        ("https://gw.example.com/v1\n", (), {}, "AP412 --gateway: is not the base URL"),
        ("http://[::1/v1", (), {}, "AP412 --gateway: is not the base URL"),
        ("http://127.0.0.1:port/v1", (), {}, "AP412 --gateway: is not the base URL"),
        ("https://me:hush@gw.example.com/v1", (), {}, "AP412 --gateway: is not the base URL"),
        ("http://gw.example.com/v1", (), {}, "AP412 --gateway: would send keys in the clear"),
        (LOCAL, ("--requests", "51"), {}, "--requests"),
        (LOCAL, ("--requests", "0"), {}, "--requests"),
        (LOCAL, ("--short",), {}, "--gateway and --short cannot go together"),
        (LOCAL, ("--control-plane",), {}, "--gateway and --control-plane cannot go together"),
    ],
)  # fmt: skip
def test_bad_input_is_exit_2_and_a_sentence(
    tmp_path: Path, url: str, more: tuple[str, ...], environment: dict[str, str], says: str
) -> None:
    (tmp_path / "contract.json").write_text(json.dumps(contract({"east": 1, "south": 2})), "utf-8")
    done = run(tmp_path, url, *more, **environment)
    assert done.exit_code == 2, done.output
    assert says in done.stderr
    assert "hush" not in done.output


def test_several_problems_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "contract.json").write_text(json.dumps(contract({"east": 1})), "utf-8")
    done = run(tmp_path, "gw", KEY="")
    assert done.exit_code == 2
    assert [code for code in ("AP411", "AP412", "AP413") if code in done.stderr] == [
        "AP411",
        "AP412",
        "AP413",
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--drill-key-env", "KEY"), ("--requests", "3"), ("--caller-key-env", "KEY"), ("--gateway", LOCAL),
        ("--gateway", LOCAL, "--drill-key-env", "KEY"),
    ],
)  # fmt: skip
def test_options_that_need_one_another_say_so(arguments: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, ["drill", *arguments], env={"KEY": KEY})
    assert done.exit_code == 2
    assert "--gateway" in done.stderr
