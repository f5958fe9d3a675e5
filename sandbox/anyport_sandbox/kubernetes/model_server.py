"""The process in a pod that runs `vllm serve`: `python -m anyport_sandbox.kubernetes.model_server OPTIONS -- ARGS`.

ARGS are the container's own, and the environment is the pod's. It ends as vLLM does on what vLLM cannot start with:
exit 2 on a command line it does not know, exit 1 on `VLLM_PORT` set by a Service called `vllm`, and on more GPUs asked
for than the pod has. Then it loads (503 on everything), serves, and at SIGTERM ends at once, or with
`--shutdown-timeout` when the last call has ended (vLLM 0.18 and later).
Guesses: the 503 while it loads (the real one may leave the call waiting), and the words of its errors.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import threading
from collections.abc import Mapping, Sequence

from anyport_sandbox.kubernetes.processes import LIFELINE
from anyport_sandbox.kubernetes.vllm_arguments import Arguments, UsageError, parse

__all__ = ["main"]


def main(words: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Serve until told to end; returns the exit code."""
    options = _parser().parse_args(words)
    if environ.get(LIFELINE):
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        arguments = parse(options.words[1:] if options.words[:1] == ["--"] else options.words)
    except UsageError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if problem := _cannot_start(arguments, environ, options.gpus):
        sys.stderr.write(f"{problem}\n")
        return 1
    # Only now: what comes next takes a second to import, and a wrong command line should end at once.
    from anyport_sandbox.kubernetes.model_app import serve

    return serve(
        arguments,
        address=options.address,
        keys=arguments.api_keys or ((environ["VLLM_API_KEY"],) if environ.get("VLLM_API_KEY") else ()),
        title=environ.get("ANYPORT_SANDBOX_POD", "sandbox/pod"),
        load_seconds=options.load_seconds / options.speed,
        answer_seconds=options.answer_seconds / options.speed,
        drain_seconds=arguments.shutdown_timeout / options.speed,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="anyport_sandbox.kubernetes.model_server")
    parser.add_argument("--address", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a real one")
    parser.add_argument("--load-seconds", type=float, default=0.0, help="simulated seconds until it is ready")
    parser.add_argument("--answer-seconds", type=float, default=0.0, help="simulated seconds a chat takes")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs of the pod; 0: not known")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="-- and the arguments of vllm serve")
    return parser


def _cannot_start(arguments: Arguments, environ: Mapping[str, str], gpus: int) -> str:
    port = environ.get("VLLM_PORT", "")
    if re.match(r"^[a-z]+://", port):
        return (
            f"ValueError: VLLM_PORT '{port}' appears to be a URI. This may be caused by a Kubernetes service "
            "discovery issue: a Service of the namespace is called vllm."
        )
    if gpus and arguments.tensor_parallel_size > gpus:
        return (
            f"ValueError: World size ({arguments.tensor_parallel_size}) is larger than the number of available "
            f"GPUs ({gpus}) in this node."
        )
    return ""


def _end_with_parent() -> None:
    """The parent holds the other end of our standard input."""
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
