"""The command line of `vllm serve`, as far as one can tell it is wrong without a GPU.

Options: the list of vLLM 0.32 that Anyport's catalog carries. A flag with a `--no-` twin takes no value; which other
flags take none is a guess in `_SWITCHES`. Values are checked only where the stand-in uses them. As vLLM's parser,
`_` stands for `-`, `--flag=value` for two words, and `--config.key` for a part of a JSON value; its abbreviations of
flags (`--max-model` for `--max-model-len`) are not accepted here: nothing should rely on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from anyport.catalog import vllm_flags

__all__ = ["Arguments", "UsageError", "parse"]

_SHORT = {
    "-h": "--help",
    "-tp": "--tensor-parallel-size",
    "-pp": "--pipeline-parallel-size",
    "-dp": "--data-parallel-size",
    "-q": "--quantization",
    "-n": "--nnodes",
    "-r": "--node-rank",
    "-cc": "--compilation-config",
    "-ac": "--attention-config",
}
_SWITCHES = frozenset({"--headless", "--enable-ssl-refresh", "--help", "--disable-log-requests", "--grpc"})
_INTEGERS = ("--port", "--max-model-len", "--tensor-parallel-size", "--shutdown-timeout")


class UsageError(Exception):
    """What vLLM's parser says before it ends with exit 2."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            "usage: vllm serve [model_tag] [options]\n"
            "For more details, run with --help=all.\n"
            f"vllm serve: error: {problem}"
        )


@dataclass(frozen=True)
class Arguments:
    """What the stand-in uses. Times in seconds."""

    model: str
    names: tuple[str, ...]
    port: int = 8000
    host: str = ""
    max_model_len: int | None = None
    tensor_parallel_size: int = 1
    shutdown_timeout: float = 0
    api_keys: tuple[str, ...] = ()
    root_path: str = ""
    tool_calls: bool = False
    all: dict[str, list[str]] = field(default_factory=dict)


@cache
def flags() -> frozenset[str]:
    """All long options."""
    return frozenset(vllm_flags())


def parse(words: Sequence[str]) -> Arguments:
    """Read the arguments of a container, with or without `vllm serve` before them.

    Raises:
        UsageError: an option vLLM does not have, a missing value, or a value of the wrong kind.
    """
    words = list(words)
    for leading in ("vllm", "serve"):
        if words[:1] == [leading]:
            words.pop(0)
    given, unknown = _split(words)
    if unknown:
        raise UsageError(f"unrecognized arguments: {' '.join(unknown)}")
    for name in _INTEGERS:
        if name in given and not _whole(given[name][-1], name):
            raise UsageError(f"argument {name}: invalid int value: '{given[name][-1]}'")
    model = (given.get("--model") or given.get("") or ["Qwen/Qwen3-0.6B"])[-1]
    length = given.get("--max-model-len", ["auto"])[-1]
    return Arguments(
        model=model,
        names=tuple(given.get("--served-model-name") or [model]),
        port=int(given.get("--port", ["8000"])[-1]),
        host=given.get("--host", [""])[-1],
        max_model_len=int(length) if length.isdecimal() else None,
        tensor_parallel_size=int(given.get("--tensor-parallel-size", ["1"])[-1]),
        shutdown_timeout=float(given.get("--shutdown-timeout", ["0"])[-1]),
        api_keys=tuple(given.get("--api-key", ())),
        root_path=given.get("--root-path", [""])[-1].rstrip("/"),
        tool_calls="--enable-auto-tool-choice" in given,
        all=given,
    )


def _whole(text: str, name: str) -> bool:
    if name == "--max-model-len" and (text in ("auto", "-1") or text[:-1].replace(".", "", 1).isdecimal()):
        return True
    return text.isdecimal()


def _split(words: list[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Values by option (those of no option under the empty name), and what nobody knows."""
    given: dict[str, list[str]] = {}
    unknown: list[str] = []
    current = ""
    for word in words:
        if word.startswith("-") and not _number(word):
            _need_value(current, given)
            name, joined, value = word.partition("=")
            name = _SHORT.get(
                name, "--" + name.removeprefix("--").replace("_", "-") if name.startswith("--") else name
            )
            if name not in flags() and name.partition(".")[0] not in flags() and name not in _SWITCHES:
                unknown.append(word)
                current = "?"
                continue
            given.setdefault(name, [])
            if joined:
                given[name].append(value)
            current = "" if joined or _is_switch(name) else name
        elif current == "?" or (current == "" and given.get("")):
            unknown.append(word)
        else:
            given.setdefault(current, []).append(word)
            current = current if current in ("--served-model-name", "--api-key", "--lora-modules") else ""
    _need_value(current, given)
    return given, unknown


def _need_value(current: str, given: dict[str, list[str]]) -> None:
    if current not in ("", "?") and not given[current]:
        raise UsageError(f"argument {current}: expected one argument")


def _number(word: str) -> bool:
    return word[1:].replace(".", "", 1).isdecimal()


def _is_switch(name: str) -> bool:
    if name in _SWITCHES or name.startswith("--no-"):
        return True
    return f"--no-{name.removeprefix('--')}" in flags()
