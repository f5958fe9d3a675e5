"""One chat completion (or embedding) per target, through the official `openai` client.

The base URLs are the clouds' own; a proxy on loopback leads them to the simulated servers, whose
certificates the run's own authority signed. So the client under test needs no change at all.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import openai

from .servers.routes import Route

__all__ = ["Answer", "ask_all", "table"]

QUESTION = "Which port is open?"
TIMEOUT_SECONDS = 20.0
HEADINGS = ("endpoint", "target", "provider", "region", "failure domain", "base url", "model", "answer")


@dataclass(frozen=True)
class Answer:
    """What one target said. `text` is the answer, or the error in one line when `ok` is false."""

    contract: Mapping[str, Any]
    text: str
    ok: bool


class Way(Protocol):
    """How to reach some hosts: a proxy, and the authority of their certificates."""

    @property
    def proxy_url(self) -> str:
        """The proxy that knows the hosts."""

    @property
    def ca_path(self) -> Path:
        """The authority to trust."""


def ask_all(
    outputs: Mapping[str, Any], routes: Sequence[Route], ways: Sequence[tuple[Way, frozenset[str] | None]]
) -> list[Answer]:
    """Ask every target of every endpoint, in order of use.

    Args:
        outputs: the stack's.
        routes: with the token of each target.
        ways: each with the hosts it leads to; None is all that no earlier one has.
    """
    keys = {(route.endpoint, route.target): route.secret.get_secret_value() for route in routes}
    answers: dict[tuple[str, str], Answer] = {}
    for way, hosts in ways:
        with _client(way) as http:
            for name, target in _targets(outputs):
                place = (name, target["target"])
                if place not in answers and (hosts is None or _host(target) in hosts):
                    answers[place] = _ask(target, keys[place], http)
    return [answers[name, target["target"]] for name, target in _targets(outputs)]


def _targets(outputs: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, endpoint in outputs["endpoints"].items():
        for target in endpoint["targets"]:
            yield name, target


def _host(target: Mapping[str, Any]) -> str:
    return urlsplit(target["base_url"]).hostname or ""


@contextmanager
def _client(way: Way) -> Iterator[openai.DefaultHttpxClient]:
    trust = ssl.create_default_context(cafile=str(way.ca_path))
    with openai.DefaultHttpxClient(
        proxy=way.proxy_url, verify=trust, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as http:
        yield http


def _ask(target: Mapping[str, Any], key: str, http: openai.DefaultHttpxClient) -> Answer:
    client = openai.OpenAI(base_url=target["base_url"], api_key=key, http_client=http, max_retries=0)
    try:
        if target["kind"] == "embedding":
            vector = client.embeddings.create(model=target["model"], input=QUESTION).data[0].embedding
            return Answer(target, f"a vector of {len(vector)}", ok=True)
        completion = client.chat.completions.create(
            model=target["model"], messages=[{"role": "user", "content": QUESTION}]
        )
        text = completion.choices[0].message.content or ""
        return Answer(target, " ".join(text.split()), ok=bool(text))
    except openai.APIStatusError as error:
        return Answer(target, f"HTTP {error.status_code}: {' '.join(str(error.message).split())}", ok=False)
    except openai.APIError as error:
        return Answer(target, f"{type(error).__name__}: {' '.join(str(error).split())}", ok=False)


def table(answers: Sequence[Answer]) -> str:
    """The answers as aligned columns, one row per target, and a line that counts them."""
    rows = [
        (
            c["endpoint"], c["target"], c["provider"], c["region"], c["failure_domain"], c["base_url"], c["model"] or '""',
            answer.text if answer.ok else f"NO: {answer.text}",
        )
        for answer in answers
        for c in (answer.contract,)
    ]  # fmt: skip
    grid = [tuple(heading.upper() for heading in HEADINGS), *rows]
    widths = [max(len(row[i]) for row in grid) for i in range(len(HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in grid
    ]
    providers = {answer.contract["provider"] for answer in answers if answer.ok}
    good = sum(answer.ok for answer in answers)
    return "\n".join(
        [*lines, "", f"{good} of {len(answers)} targets answered, on {len(providers)} providers."]
    )
