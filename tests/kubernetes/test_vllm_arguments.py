"""The command line of `vllm serve` as the stand-in reads it."""

from __future__ import annotations

import pytest

from anyport.catalog import vllm_flags
from anyport_sandbox.kubernetes.model_server import main
from anyport_sandbox.kubernetes.vllm_arguments import UsageError, parse


def test_it_reads_what_it_uses() -> None:
    first = ["vllm", "serve", "--model", "org/m", "--served-model-name", "a", "b", "--port", "9", "-tp", "4"]
    rest = ["--max-model-len=4096", "--shutdown_timeout", "60", "--api-key", "x", "y", "--root-path", "/r/"]
    found = parse([*first, *rest, "--enable-auto-tool-choice"])
    assert (found.model, found.names, found.port, found.max_model_len) == ("org/m", ("a", "b"), 9, 4096)
    assert (found.tensor_parallel_size, found.shutdown_timeout, found.api_keys) == (4, 60, ("x", "y"))
    assert (found.tool_calls, found.root_path) == (True, "/r")


def test_the_model_may_come_first_and_names_it_then() -> None:
    assert parse(["org/m", "--port", "1"]).names == ("org/m",)


def complaint(*words: str) -> str:
    try:
        parse(words)
    except UsageError as error:
        return str(error)
    return ""


def test_every_flag_of_the_real_one_is_known() -> None:
    assert len(vllm_flags()) > 300
    unknown = [
        flag
        for flag in vllm_flags()
        if "unrecognized arguments: --" in complaint(flag) + complaint(flag, "1")
    ]
    assert unknown == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--modle", "m"], "unrecognized arguments: --modle m"),
        (["--model"], "argument --model: expected one argument"),
        (["--model", "--port", "1"], "argument --model: expected one argument"),
        (["--port", "http"], "argument --port: invalid int value: 'http'"),
        (["a", "b"], "unrecognized arguments: b"),
        (["--headless", "yes", "no"], "unrecognized arguments: no"),
        (["-zz"], "unrecognized arguments: -zz"),
    ],
)
def test_what_the_real_one_refuses(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse(words)
    assert str(refused.value).endswith(f"vllm serve: error: {said}")
    assert str(refused.value).startswith("usage: vllm serve")


@pytest.mark.parametrize(
    "words", [["--compilation-config.level", "3"], ["--max-model-len", "auto"], ["--max-model-len", "128k"]]
)
def test_forms_the_real_one_takes(words: list[str]) -> None:
    parse(words)


def test_the_process_ends_as_vllm_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--", "--nonsense"], {}) == 2
    assert main(["--gpus=1", "--", "--tensor-parallel-size", "2"], {}) == 1
    assert main(["--", "--model", "m"], {"VLLM_PORT": "tcp://172.20.0.1:8000"}) == 1
    said = capsys.readouterr().err
    assert "unrecognized arguments: --nonsense" in said
    assert "World size (2)" in said
    assert "VLLM_PORT 'tcp://172.20.0.1:8000'" in said
