"""Arguments and environment of `vllm serve`, and which further arguments are refused.

Flags and defaults: vLLM 0.33.0, the list of options 0.32 (see the catalog's `vllm_serve_flags.txt`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import nearest
from .server import Server
from .timing import start_minutes

__all__ = [
    "MASTER_PORT",
    "PORT",
    "SECRET",
    "arguments",
    "environment",
    "group_arguments",
    "refused_arguments",
]

PORT = 8000
MASTER_PORT = 29501
SECRET = "vllm-keys"  # noqa: S105  # the name of a Kubernetes Secret
MODELS = "/models"

_NO_VALUE = frozenset({"--aggregate-engine-logging", "--disable-log-stats"})
"""Switches without a `--no-` twin; those that have one take no value either."""
_SEVERAL = frozenset(
    {
        "--allowed-media-domains",
        "--collect-detailed-traces",
        "--cpu-offload-params",
        "--cudagraph-capture-sizes",
        "--ignore-patterns",
        "--kv-cache-dtype-skip-layers",
        "--logits-processors",
        "--lora-modules",
        "--lora-target-modules",
        "--numa-bind-cpus",
        "--numa-bind-nodes",
        "--offload-params",
    }
)
"""Options that take as many values as follow; every other one takes one."""
_ANY_NUMBER = 1000

_OWN = {
    "--api-key": "an argument shows in the pod; use api_key",
    "--config": "a file could set anything unseen; write the arguments themselves",
    "--disable-access-log-for-endpoints": "it is set, so that probes do not fill the log",
    "--distributed-executor-backend": "it follows from the number of nodes",
    "--elastic-ep-max-dp-size": "use replicas; a pod has the GPUs of one engine",
    "--enable-elastic-ep": "use replicas; a pod has the GPUs of one engine",
    "--gpu-memory-utilization": "use gpu_memory_utilization, which the memory check reads too",
    "--grpc": "the endpoint speaks HTTP",
    "--headless": "it follows from the number of nodes",
    "--hf-token": "an argument shows in the pod; use hugging_face_token",
    "--host": "probes and the Service need every address of the pod",
    "--load-format": "it follows from cache",
    "--master-addr": "it follows from the number of nodes",
    "--master-port": "it follows from the number of nodes",
    "--max-model-len": "it is the catalog's context window, which callers are promised",
    "--max-num-queued-reqs": "use max_queued_requests",
    "--model": "the catalog names the model",
    "--nnodes": "it follows from gpus_per_replica and the instance type",
    "--node-rank": "it follows from the number of nodes",
    "--pipeline-parallel-size": "use multi_node",
    "--port": "probes, Service and network policy need it",
    "--prefill-context-parallel-size": "it multiplies the GPUs of a server; use gpus_per_replica",
    "--revision": "use revision",
    "--root-path": "only /v1 is routed",
    "--served-model-name": "it is the name that every provider answers to",
    "--shutdown-timeout": "use drain_seconds, which the grace period follows",
    "--ssl-certfile": "TLS ends at the Ingress or Gateway; probes speak HTTP",
    "--ssl-keyfile": "TLS ends at the Ingress or Gateway; probes speak HTTP",
    "--tensor-parallel-size": "use gpus_per_replica",
    "--tokenizer-revision": "use revision",
    "--uds": "the endpoint is reached by TCP",
}


def arguments(server: Server) -> list[str]:
    """Arguments of the server; for several nodes those of the leader, see `group_arguments`.

    The API key is not among them, since arguments show in the pod.
    """
    args = ["--model", _model(server), "--served-model-name", server.served_name, "--port", str(PORT)]
    if server.revision:
        args += ["--revision", server.revision, "--tokenizer-revision", server.revision]
    if server.context_window:
        args += ["--max-model-len", str(server.context_window)]
    args += ["--gpu-memory-utilization", str(server.gpu_memory_utilization), *_parallel(server)]
    if server.cache == "object_storage":
        args += ["--load-format", "runai_streamer"]
    if server.tool_call_parser:
        args += ["--enable-auto-tool-choice", "--tool-call-parser", server.tool_call_parser]
    if server.reasoning_parser:
        args += ["--reasoning-parser", server.reasoning_parser]
    if server.max_queued_requests is not None:
        args += ["--max-num-queued-reqs", str(server.max_queued_requests)]
    return [
        *args,
        "--shutdown-timeout",
        str(server.drain_seconds),
        "--disable-access-log-for-endpoints",
        "/health,/metrics",
        *server.extra_args,
    ]


def group_arguments(server: Server, *, leader: bool) -> list[str]:
    """Arguments of one pod of a group on several nodes: vLLM's own `mp` backend, no Ray."""
    rank = "0" if leader else "$(LWS_WORKER_INDEX)"
    args = [
        *arguments(server),
        "--distributed-executor-backend",
        "mp",
        "--nnodes",
        str(server.nodes),
        "--node-rank",
        rank,
        "--master-addr",
        "$(LWS_LEADER_ADDRESS)",
        "--master-port",
        str(MASTER_PORT),
    ]
    return args if leader else [*args, "--headless"]


def _model(server: Server) -> str:
    storage = server.object_storage if server.cache == "object_storage" else None
    return storage.uri if storage else server.model_id


def _parallel(server: Server) -> list[str]:
    tensor = server.gpus if server.split == "tensor" else server.gpus_per_node
    args = ["--tensor-parallel-size", str(tensor)] if tensor > 1 else []
    if server.nodes > 1 and server.split == "pipeline":
        args += ["--pipeline-parallel-size", str(server.nodes)]
    return args


def environment(server: Server) -> list[dict[str, Any]]:
    """Environment of the container, in a fixed order."""
    plain = {
        "HOME": "/home/vllm",
        "HF_HOME": f"{MODELS}/huggingface",
        # Compiled kernels of one machine: on its own disk, never on a shared one.
        "VLLM_CACHE_ROOT": "/home/vllm/.cache/vllm",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # The default of 5 seconds is shorter than load balancers keep idle connections, which gives some 502.
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": "75",
        "VLLM_ENGINE_READY_TIMEOUT_S": str(start_minutes(server) * 60),
    }
    if server.nodes > 1:
        plain |= dict(server.profile.rdma_environment)
    secret = {"VLLM_API_KEY": "api-key"}
    if server.hugging_face_token:
        secret["HF_TOKEN"] = "hugging-face-token"  # noqa: S105  # the key's name in the Secret
    if server.cache == "object_storage":
        plain |= {
            "AWS_ENDPOINT_URL": server.object_store_endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "HF_HUB_OFFLINE": "1",
            **server.profile.object_store_environment,
        }
        secret |= {"AWS_ACCESS_KEY_ID": "access-key-id", "AWS_SECRET_ACCESS_KEY": "secret-access-key"}
    return [
        *(
            {"name": name, "valueFrom": {"secretKeyRef": {"name": SECRET, "key": key}}}
            for name, key in secret.items()
        ),
        *({"name": name, "value": value} for name, value in plain.items()),
    ]


def refused_arguments(
    extra_args: Sequence[str], known: Sequence[str], *, parsers: Sequence[str | None] = ()
) -> Iterator[tuple[int, str, str]]:
    """What is wrong with further arguments: position, what is wrong, what to write instead.

    Args:
        extra_args: as given, a flag and its value as two items or as one with `=`.
        known: the long options of `vllm serve`.
        parsers: those of tool calls and of reasoning that the server has already, in this order.

    Values are not judged: vLLM alone knows them. Their number is, since `vllm serve` takes a word of no flag for
    the model, over `--model`. A flag that is right but newer than the list is refused too.
    """
    own = _OWN | _parser_flags(*parsers) | _data_parallel(known)
    last, room = "", 0
    for index, word in enumerate(extra_args):
        flag = _flag(word)
        if not flag:
            room -= 1
            if room < 0:
                yield _left_over(index, word, last)
            continue
        positive = flag.replace("--no-", "--", 1)
        last, room = flag, _values(word, flag, own, known)
        if not flag.startswith("--"):
            yield index, f"{word} is a short option, which is not checked here", "write the long one"
        elif flag in own or positive in own:
            reason = own.get(flag) or own[positive]
            yield index, f"{flag} is set by the component: {reason}", f"remove {flag}"
        elif flag not in known:
            guess = nearest(flag, known)
            fix = f"did you mean {guess}?" if guess else "see `vllm serve --help`"
            yield index, f"vllm serve has no {flag}", fix


def _values(word: str, flag: str, own: Mapping[str, str], known: Sequence[str]) -> int:
    """How many words after this one can be its values; of a flag that is refused anyway, any number."""
    positive = flag.replace("--no-", "--", 1)
    if flag not in known or flag in own or positive in own:
        return _ANY_NUMBER
    if "=" in word or flag in _NO_VALUE or f"--no-{positive[2:]}" in known:
        return 0
    return _ANY_NUMBER if flag in _SEVERAL else 1


def _left_over(index: int, word: str, last: str) -> tuple[int, str, str]:
    if not last:
        return index, f"{word} follows no flag", "write the flag before its value"
    return index, f"{word} is no value of {last}, so vLLM would serve a model of that name", f"remove {word}"


def _data_parallel(known: Sequence[str]) -> dict[str, str]:
    reason = "it multiplies the engines of a server beyond the GPUs of its pod; use replicas"
    return {flag: reason for flag in known if flag.startswith("--data-parallel-")}


def _parser_flags(tool_call: str | None = None, reasoning: str | None = None) -> dict[str, str]:
    named = "the catalog names {} for this model"
    own: dict[str, str] = {}
    if tool_call:
        own |= dict.fromkeys(("--tool-call-parser", "--enable-auto-tool-choice"), named.format(tool_call))
    if reasoning:
        own["--reasoning-parser"] = named.format(reasoning)
    return own


def _flag(word: str) -> str:
    """The flag that a word is, without its value or JSON path; empty for a value."""
    if not word.startswith("-") or word[1:2].isdigit() or word[1:2] == ".":
        return ""
    return word.partition("=")[0].partition(".")[0].replace("_", "-")
