"""A drill on a live gateway, on the real Envoy: targets as if broken for one request, for who has the drill key."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from gateway_helpers import Gateway, contract
from running_envoy import validate, write_credentials
from test_component import build

from anyport.errors import BuildError
from anyport.gateway.alerts import stat_name
from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.routes import route_table
from anyport.gateway.secrets import caller_line
from anyport.gateway.settings import GatewaySettings

pytestmark = pytest.mark.envoy

HOSTS = {name: f"{name}.example.test" for name in "abc"}
KEY, NEXT_KEY = "d" * 40, "é" + "n" * 70
RIGHT = {"x-anyport-drill-key": KEY}
Make = Callable[..., Gateway]


@pytest.fixture
def key_file(tmp_path: Path) -> str:
    """Two keys, as there are while one takes the place of the other."""
    path = tmp_path / "drill"
    path.write_text(f"{caller_line('drill', KEY)}\n{caller_line('next', NEXT_KEY)}\n", "utf-8")
    return str(path)


@pytest.fixture
def drilled(make_gateway: Make, key_file: str) -> Gateway:
    return make_gateway(drill_key_file=key_file)


def ask(gateway: Gateway, names: str | None, key: str | bytes | None = KEY, **body: Any) -> httpx.Response:
    headers: list[tuple[bytes, bytes]] = []
    if names is not None:
        headers.append((b"x-anyport-drill", names.encode()))
    if key is not None:
        headers.append((b"x-anyport-drill-key", key.encode() if isinstance(key, str) else key))
    sent = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], **body}
    return httpx.post(
        f"{gateway.url}/chat/completions", json=sent, headers=headers, timeout=10, trust_env=False
    )


def served(answer: httpx.Response) -> tuple[int, str | None, str | None, str | None]:
    names = ("x-served-by", "x-attempts", "x-anyport-drill")
    first, second, third = (answer.headers.get(name) for name in names)
    return answer.status_code, first, second, third


def hits(gateway: Gateway) -> list[int]:
    return [gateway.targets[name].take() for name in "abc"]


@pytest.mark.parametrize(
    ("names", "who", "attempts", "said"),
    [
        ("a", "b", "2", "a"), ("a,b", "c", "3", "a,b"), ("b , a", "c", "3", "b,a"), ("a,a", "b", "2", "a"),
        ("a,c", "b", "2", "a,c"), ("b", "a", "1", "b"), ("b,c", "a", "1", "b,c"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_named_targets_are_as_if_broken(
    drilled: Gateway, names: str, who: str, attempts: str, said: str, stream: bool
) -> None:
    answer = ask(drilled, names, stream=stream)
    assert served(answer) == (200, who, attempts, said)
    assert answer.text.rstrip().endswith("[DONE]") == stream
    [hit] = drilled.targets[who].hits
    assert not [name for name in hit.headers if name.startswith("x-anyport")]
    assert KEY not in str(hit.headers)
    assert sum(hits(drilled)) == 1, "no drilled target is asked"
    assert served(ask(drilled, None)) == (200, "a", "1", None), "the next request knows nothing of it"


def test_either_key_of_the_file_will_do_and_no_other(drilled: Gateway) -> None:
    assert served(ask(drilled, "a", NEXT_KEY.encode()))[1] == "b"
    wrong = [None, "", KEY[:-1], KEY + "d", KEY.upper(), "x" * 40, f"drill.{KEY}", "x" * 4000, b"\xff" * 40]
    for key in wrong:
        assert served(ask(drilled, "a", key)) == (200, "a", "1", None), key
    for hit in drilled.targets["a"].hits:
        assert not [name for name in hit.headers if name.startswith("x-anyport")]


def test_a_key_of_a_length_that_no_key_has_is_none_whatever_the_file_says(
    make_gateway: Make, tmp_path: Path
) -> None:
    """A hash that somebody made by hand, and work that a stranger would have us do."""
    keys = ("k" * 31, "k" * 513, "k" * 512)
    lines = [f"x:{{SHA}}{base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()}\n" for key in keys]
    (tmp_path / "drill").write_text("".join(lines), "utf-8")
    gateway = make_gateway(drill_key_file=str(tmp_path / "drill"))
    assert [served(ask(gateway, "a", key))[1] for key in keys] == ["a", "a", "b"]


def test_two_keys_in_one_request_are_none(drilled: Gateway) -> None:
    headers = [("x-anyport-drill", "a"), ("x-anyport-drill-key", KEY), ("x-anyport-drill-key", KEY)]
    answer = httpx.post(
        f"{drilled.url}/chat/completions", json={"model": "chat"}, headers=headers, trust_env=False
    )
    assert served(answer) == (200, "a", "1", None)


def test_a_gateway_without_the_setting_knows_no_drill(gateway: Gateway) -> None:
    assert served(ask(gateway, "a")) == (200, "a", "1", None)
    [hit] = gateway.targets["a"].hits
    assert not [name for name in hit.headers if name.startswith("x-anyport")]


@pytest.mark.parametrize("names", ["", ",", "z", "a,z", "search/a", "chat/a", "far", "A", "a=503", "a;b"])
def test_what_is_no_target_of_the_endpoint_is_told_to_who_has_the_key(
    make_gateway: Make, key_file: str, names: str
) -> None:
    """`far` is a target of another endpoint."""
    both = contract(HOSTS)["endpoints"]
    other = json.loads(json.dumps(both["chat"]))
    other["endpoint"] = "search"
    other["targets"] = [
        {**other["targets"][0], "endpoint": "search", "target": "far"},
        {**other["targets"][1], "endpoint": "search", "target": "farther"},
    ]
    gateway = make_gateway({"endpoints": {**both, "search": other}}, drill_key_file=key_file)
    answer = ask(gateway, names)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["type"]) == (
        400,
        "drill_target_unknown",
        "invalid_request_error",
    )
    assert error["message"].endswith("the targets are a, b, c.")
    assert hits(gateway) == [0, 0, 0]
    assert served(ask(gateway, names, "w" * 40)) == (200, "a", "1", None)
    assert served(ask(gateway, "far", model="search"))[:2] == (200, "farther")


def test_nothing_left_is_an_error_that_says_so(drilled: Gateway) -> None:
    answer = ask(drilled, "c,b,a")
    assert answer.status_code == 503
    assert answer.json()["error"] == {
        "message": "Every target that can serve this request is drilled: c,b,a.",
        "type": "server_error", "param": None, "code": "drill_no_target",
    }  # fmt: skip
    assert answer.headers["x-anyport-drill"] == "c,b,a"
    assert hits(drilled) == [0, 0, 0]


def test_only_targets_with_the_features_of_the_request_stand_in(make_gateway: Make, key_file: str) -> None:
    features = {"a": ["tools"], "b": ["streaming"], "c": ["tools"]}
    gateway = make_gateway(contract(HOSTS, features), drill_key_file=key_file)
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert served(ask(gateway, "a", tools=tools)) == (200, "c", "2", "a")
    assert ask(gateway, "a,c", tools=tools).json()["error"]["code"] == "drill_no_target"


def stats(gateway: Gateway) -> dict[str, int]:
    """Counters of clusters by Envoy's admin interface."""
    url = f"http://127.0.0.1:{gateway.settings.admin_port}/stats?filter=^cluster.*upstream_rq_[0-9]{{3}}$"
    rows = httpx.get(url, timeout=5, trust_env=False).text.splitlines()
    return {name: int(number) for name, number in (row.split(": ") for row in rows)}


def test_no_drill_is_remembered_or_seen_by_an_alert(drilled: Gateway) -> None:
    for _ in range(5):
        assert served(ask(drilled, "a,b"))[1] == "c"
    assert served(ask(drilled, None)) == (200, "a", "1", None)
    counted = stats(drilled)
    assert not [
        name
        for name in counted
        if f".{stat_name('chat', 'b')}." in name or f".{stat_name('chat', 'c')}." in name
    ]
    assert counted[f"cluster.{stat_name('chat', 'a')}.upstream_rq_200"] == 1
    assert counted["cluster.drill_chat_c.upstream_rq_200"] == 5


def test_a_real_failure_in_a_drill_moves_on_and_is_not_remembered(drilled: Gateway) -> None:
    drilled.targets["b"].mode = "503"
    for _ in range(4):
        assert served(ask(drilled, "a")) == (200, "c", "3", "a")
    assert hits(drilled) == [0, 4, 4]
    drilled.targets["a"].mode = "503"
    assert served(ask(drilled, None)) == (200, "c", "3", None), "b was asked: nobody knew it dead"


def test_the_last_one_left_is_asked_once_and_its_own_error_is_told(drilled: Gateway) -> None:
    drilled.targets["b"].mode = "503"
    answer = ask(drilled, "a,c")
    assert served(answer) == (503, "b", "2", "a,c")
    assert answer.json()["error"]["message"] == "b says 503"
    assert hits(drilled) == [0, 1, 0]


def test_a_target_that_is_really_dead_is_passed_by_and_gets_no_trial(drilled: Gateway) -> None:
    drilled.targets["b"].mode = drilled.targets["a"].mode = "503"
    for _ in range(2):
        assert ask(drilled, None).headers["x-served-by"] == "c"
    assert hits(drilled) == [2, 2, 2]
    drilled.targets["b"].mode = "ok"
    assert served(ask(drilled, "a")) == (200, "c", "2", "a")
    assert hits(drilled) == [0, 0, 1]
    assert served(ask(drilled, "a,c")) == (200, "b", "2", "a,c"), "the last one left is always tried"


def test_a_target_cannot_pretend_that_its_answer_is_a_drill_s(drilled: Gateway) -> None:
    lie = b"HTTP/1.1 200 X\r\ncontent-length: 2\r\nx-anyport-drill: b\r\n\r\n{}"
    for target in drilled.targets.values():
        target.mode, target.raw = "raw", lie
    assert served(ask(drilled, None)) == (200, "a", "1", None)
    answer = ask(drilled, "a")
    assert answer.headers.get_list("x-anyport-drill") == ["a"]


def test_a_drill_key_lets_nobody_in_who_is_no_caller(
    make_gateway: Make, key_file: str, tmp_path: Path
) -> None:
    (tmp_path / "callers").write_text(caller_line("shop", "s" * 40) + "\n", "utf-8")
    gateway = make_gateway(drill_key_file=key_file, callers_file=str(tmp_path / "callers"))
    assert ask(gateway, "a").status_code == 401
    headers = {"x-anyport-drill": "a", **RIGHT, "authorization": f"Bearer shop.{'s' * 40}"}
    answer = httpx.post(
        f"{gateway.url}/chat/completions", json={"model": "chat"}, headers=headers, trust_env=False
    )
    assert served(answer) == (200, "b", "2", "a")
    assert KEY not in (tmp_path / "access.log").read_text("utf-8")


@pytest.mark.parametrize("text", [None, "", "drill:plain-text\n", "drill:{SHA}short\n"])
def test_envoy_does_not_start_with_a_key_file_that_is_none(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "drill").write_text(text, "utf-8")
    table = route_table(contract(HOSTS))
    write_credentials(table, tmp_path / "secrets")
    settings = GatewaySettings(
        drill_key_file=str(tmp_path / "drill"),
        secrets_dir=str(tmp_path / "secrets"),
        addresses=dict.fromkeys(HOSTS.values(), "127.0.0.1:9"),
    )
    done = validate(table, settings, tmp_path)
    assert done.returncode != 0
    assert "the drill key file" in done.stderr


def test_no_key_is_in_the_configuration(key_file: str) -> None:
    text = envoy_yaml(route_table(contract(HOSTS)), GatewaySettings(drill_key_file=key_file))
    assert KEY not in text
    assert caller_line("drill", KEY).split("}")[1] not in text
    without = envoy_yaml(route_table(contract(HOSTS)), GatewaySettings())
    assert "drill:chat/" not in without
    assert "DRILL_KEYS" not in without


def test_the_component_mounts_the_hash_and_never_the_key() -> None:
    found = {each.name: each.inputs for each in build(drill_key=KEY)}
    assert found["gateway-east-drill"]["stringData"] == {"drill": f"{caller_line('drill', KEY)}\n"}
    pod = found["gateway-east-deployment"]["spec"]["template"]
    mounts = {each["name"]: each["mountPath"] for each in pod["spec"]["containers"][0]["volumeMounts"]}
    assert mounts["drill"] == "/etc/anyport/drill"
    assert {"secretName": "anyport-gateway-drill", "defaultMode": 0o440} in [
        volume.get("secret") for volume in pod["spec"]["volumes"]
    ]
    assert "/etc/anyport/drill/drill" in found["gateway-east-config"]["data"]["envoy.yaml"].replace(
        "\\047", "/"
    )
    assert KEY not in str(found)


def test_another_drill_key_starts_new_pods_and_none_changes_nothing() -> None:
    def digest(**given: Any) -> str:
        [spec] = [each.inputs["spec"] for each in build(**given) if each.name == "gateway-east-deployment"]
        return str(spec["template"]["metadata"]["annotations"]["anyport.dev/config-digest"])

    assert len({digest(), digest(drill_key=KEY), digest(drill_key="x" * 40)}) == 3
    names = [each.name for each in build()]
    assert "gateway-east-drill" not in names


def test_a_drill_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(BuildError, match=r"gateway\.drill_key: .*32 characters"):
        build(drill_key="short")
