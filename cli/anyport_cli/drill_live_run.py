"""A drill of a live gateway: requests one after the other, and what each proved. No key is in anything it returns."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2 as httpx

from anyport_sandbox.drill.load import PATHS
from anyport_sandbox.drill.model import Api

from .drill_live_plan import LiveStep

__all__ = [
    "LiveAnswer",
    "LiveDrill",
    "LiveProof",
    "LiveResult",
    "UnreachableError",
    "drill_live",
    "kinds",
    "sent",
]

WRONG_KEY = "not-the-drill-key-of-any-gateway-0000000000"
MOST_BYTES = 8 * 2**20
QUESTION = "Answer with one word: which way is north?"


class UnreachableError(Exception):
    """The gateway did not answer its first request."""


@dataclass(frozen=True)
class LiveAnswer:
    """What the caller of one request saw. `wrong` is why it is no whole answer; empty when it is one."""

    stream: bool
    status: int = 0
    served_by: str = ""
    attempts: str = ""
    drill: str = ""
    code: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class LiveProof:
    """Whether a step showed one thing; `says` is what was seen."""

    step: str
    proof: str
    kept: bool
    says: str


@dataclass(frozen=True)
class LiveResult:
    """One step: its answers counted, and its proofs. `streams` are those that some target is left for."""

    step: str
    drilled: tuple[str, ...]
    requests: int
    answered: int
    streams: int
    whole_streams: int
    served_by: dict[str, int]
    attempts: dict[str, int]
    proofs: tuple[LiveProof, ...]

    @property
    def kept(self) -> bool:
        """Whether all of them held."""
        return all(proof.kept for proof in self.proofs)


@dataclass(frozen=True)
class LiveDrill:
    """A whole drill. `notes` say what was left out, and why."""

    endpoint: str
    gateway: str
    results: tuple[LiveResult, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def kept(self) -> bool:
        """Whether every step was made and every proof held."""
        return bool(self.results) and not self.notes and all(result.kept for result in self.results)


def drill_live(
    client: httpx.Client,
    endpoint: str,
    api: Api,
    steps: Sequence[LiveStep],
    drill_key: str,
    number: int,
    saw: Callable[[LiveResult], None],
) -> LiveDrill:
    """Make the steps in order, `number` requests without and with a stream in each.

    A gateway that answers nothing, or does not mind the drill header, is asked no more than shows that: every further
    request would be billed and prove the same.

    Raises:
        UnreachableError: nothing answers at the address.
    """
    secrets = (drill_key, client.headers.get("authorization", "").removeprefix("Bearer "))
    results: list[LiveResult] = []
    notes: list[str] = []
    for place, step in enumerate(steps):
        answers: list[LiveAnswer] = []
        for stream in kinds(step, number):
            answers.append(_clean(_ask(client, endpoint, api, step, drill_key, stream), secrets))
            if place == 0 and not answers[0].status:
                raise UnreachableError(answers[0].wrong)
        result = LiveResult(
            step.name, step.drilled, len(answers), sum(_well(answer) for answer in answers),
            sum(answer.stream for answer in answers) if step.stream else 0, sum(answer.stream and _well(answer) for answer in answers),
            _counted(answer.served_by for answer in answers), _counted(answer.attempts for answer in answers),
            tuple(_proofs(step, answers)),
        )  # fmt: skip
        results.append(result)
        saw(result)
        reason = _pointless(step, answers)
        if reason and place < len(steps) - 1:
            notes.append(f"stopped after this step: {reason}")
            break
    return LiveDrill(endpoint, str(client.base_url).rstrip("/"), tuple(results), tuple(notes))


def kinds(step: LiveStep, number: int) -> list[bool]:
    """Whether each request streams, in order. What cannot be served is asked once of each kind."""
    plain = number if step.plain else 1
    return [*[False] * plain, *[True] * ((number if step.stream else 1) if step.streams else 0)]


def _pointless(step: LiveStep, answers: Sequence[LiveAnswer]) -> str:
    if not step.drilled and not any(map(_well, answers)):
        return "the gateway answers nothing without a drill"
    if step.drilled and not step.wrong_key and not any(answer.drill for answer in answers):
        return "the gateway does not mind the drill header; it has no drill key, another one, or is not Anyport's Envoy"
    return ""


def _ask(client: httpx.Client, model: str, api: Api, step: LiveStep, key: str, stream: bool) -> LiveAnswer:
    body: dict[str, Any] = {"model": model}
    if api == "embeddings":
        body |= {"input": QUESTION}
    else:
        body |= {"messages": [{"role": "user", "content": QUESTION}]}
    body |= {"stream": True} if stream else {}
    headers: list[tuple[bytes, bytes]] = []
    if step.drilled:
        named, given = ",".join(step.drilled), WRONG_KEY if step.wrong_key else key
        headers = [(b"x-anyport-drill", named.encode()), (b"x-anyport-drill-key", sent(given))]
    seen: dict[str, Any] = {"stream": stream}
    data = b""
    try:
        with client.stream("POST", PATHS[api], json=body, headers=headers) as answer:
            seen |= {"status": answer.status_code, "served_by": answer.headers.get("x-served-by", "")}
            seen |= {
                "attempts": answer.headers.get("x-attempts", ""),
                "drill": answer.headers.get("x-anyport-drill", ""),
            }
            for piece in answer.iter_bytes():
                data += piece
                if len(data) > MOST_BYTES:
                    return LiveAnswer(**seen, wrong=f"the answer goes on after {MOST_BYTES} bytes")
    except httpx.HTTPError as error:
        return LiveAnswer(**seen, wrong=f"{type(error).__name__}: {error}")
    if seen["status"] != 200:
        code, message = _error(data)
        return LiveAnswer(**seen, code=code, wrong=f"status {seen['status']}: {message}")
    return LiveAnswer(**seen, wrong=_stream_wrong(data) if stream else _body_wrong(data, api))


def sent(text: str) -> bytes:
    """A key from the environment as the bytes it is there."""
    return text.encode("utf-8", "surrogateescape")


def _clean(answer: LiveAnswer, secrets: Sequence[str]) -> LiveAnswer:
    """What a gateway said, which is a stranger's words: without our keys and without what steers a terminal."""

    def cleaned(text: str) -> str:
        for secret in filter(None, secrets):
            text = text.replace(secret, "<key>")
        return "".join(char if char.isprintable() else "?" for char in text)[:300]

    return replace(
        answer,
        served_by=cleaned(answer.served_by),
        attempts=cleaned(answer.attempts),
        drill=cleaned(answer.drill),
        code=cleaned(answer.code),
        wrong=cleaned(answer.wrong),
    )


def _error(data: bytes) -> tuple[str, str]:
    try:
        error = json.loads(data)["error"]
        return str(error.get("code")), str(error["message"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", "an error without the shape of one"


def _body_wrong(data: bytes, api: Api) -> str:
    try:
        value = json.loads(data)
        found = value["data"][0]["embedding"] if api == "embeddings" else value["choices"][0]["message"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError):
        found = None
    if found is None or found == []:
        return f"the body is no {'embedding' if api == 'embeddings' else 'completion'}"
    return ""


def _stream_wrong(data: bytes) -> str:
    events = [
        row[5:].strip() for row in data.decode(errors="replace").splitlines() if row.startswith("data:")
    ]
    chunks = 0
    for event in events:
        if event == "[DONE]":
            return "" if chunks else "the stream has no chunk of an answer"
        try:
            value = json.loads(event)
        except (ValueError, RecursionError):
            return "an event of the stream is no JSON"
        if not isinstance(value, dict) or "error" in value:
            return "the stream has an error event"
        chunks += bool(value.get("choices"))
    return "the stream ended without [DONE]"


def _well(answer: LiveAnswer) -> bool:
    return answer.status == 200 and not answer.wrong


def _proofs(step: LiveStep, answers: Sequence[LiveAnswer]) -> Iterator[LiveProof]:
    able = [answer for answer in answers if (step.stream if answer.stream else step.plain)]
    lost = [answer for answer in answers if answer not in able]
    if able:
        yield from _served(step, able)
    if lost:
        told = [(answer.status, answer.code) for answer in lost]
        kept = all(each == (503, "drill_no_target") for each in told)
        says = "503 drill_no_target" if kept else f"instead of 503 drill_no_target: {_list(told)}"
        yield LiveProof(step.name, "no target left is said", kept, says)
    named = ",".join(step.drilled) if step.drilled and not step.wrong_key else ""
    said = _list(answer.drill or "none" for answer in answers)
    kept = all(answer.drill == named for answer in answers)
    yield LiveProof(step.name, "told apart", kept, f"x-anyport-drill: {said}")


def _served(step: LiveStep, answers: Sequence[LiveAnswer]) -> Iterator[LiveProof]:
    whole = [answer for answer in answers if _well(answer)]
    bad = list(dict.fromkeys(answer.wrong for answer in answers if not _well(answer)))
    says = f"{len(whole)} of {len(answers)}" + (f"; {'; '.join(bad[:3])}" if bad else "")
    yield LiveProof(step.name, "answered whole", not bad, says)
    right = [(name, str(count)) for name, count in sorted(step.plain | step.stream)]
    seen = {(answer.served_by, answer.attempts) for answer in whole}
    kept = bool(whole) and all(
        (answer.served_by, answer.attempts)
        in {(n, str(c)) for n, c in (step.stream if answer.stream else step.plain)}
        for answer in whole
    )
    said = ", ".join(
        f"{name or 'nobody named'} after {count or 'no'} attempts" for name, count in sorted(seen)
    )
    wanted = " or ".join(f"{name} after {count}" for name, count in right)
    says = said if kept else f"{said or 'no whole answer'}; right would be {wanted}"
    yield LiveProof(step.name, "served by the right target", kept, says)


def _list(values: Any) -> str:
    return ", ".join(str(value) for value in dict.fromkeys(values))


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(value for value in values if value).items()))
