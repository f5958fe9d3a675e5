"""Checks of what is refused, and how: errors, strangers, prompts that are too long; and who a gateway says served."""

from __future__ import annotations

from typing import Any

import openai

from .asking import Asker, one_line
from .model import CheckFailed, OwnForm

__all__ = ["auth", "context", "errors", "served_by"]

OVER = 1.2
"""How much longer than the window the prompt is, in words: a common word is one token in every tokenizer known."""
NO_MODEL = "no-such-model-anyport-verify"


def errors(asker: Asker) -> str:
    """A request that is wrong is refused as the caller's own, in the shape that clients read."""
    field = "input" if asker.subject.kind == "embedding" else "messages"
    _refused(
        asker,
        (400, 422),
        f"a request whose {field} are of the wrong type",
        extra_body={field: {"no": "list"}},
    )
    if not asker.subject.model:
        return "any model name is taken here"
    _refused(asker, (400, 404), "the name of an unknown model", model=NO_MODEL)
    return ""


def auth(asker: Asker) -> str:
    """No key and a wrong key are refused."""
    operation = "embeddings" if asker.subject.kind == "embedding" else "chat/completions"
    url = f"{asker.subject.base_url.rstrip('/')}/{operation}"
    body = _arguments(asker)
    answer = asker.http.post(url, json=body, timeout=asker.settings.timeout_seconds)
    if asker.subject.lets_strangers_in and answer.status_code == 200:
        return "open to whoever can connect: right only on loopback"
    if answer.status_code not in (401, 403):
        raise CheckFailed(f"without a key the answer is HTTP {answer.status_code}, not 401 or 403")
    try:
        _call(asker, asker.with_key("wrong.key-of-anyport-verify-0000000000"), body)
    except openai.APIStatusError as error:
        if error.status_code in (401, 403):
            return ""
        raise CheckFailed(f"a wrong key gets HTTP {error.status_code}, not 401 or 403") from None
    raise CheckFailed("a wrong key is let in")


def context(asker: Asker) -> str:
    """A prompt over the window is refused; neither cut in silence nor a fault of the server."""
    window = asker.subject.limits.context_window
    if window is None:
        raise ValueError("the suite asks only where a window is promised")
    words = "port " * int(window * OVER)
    try:
        found = asker.completion(messages=[{"role": "user", "content": words}], max_tokens=1)
    except openai.APIStatusError as error:
        if error.status_code in (400, 413, 422):
            _shaped(error)
            return ""
        raise CheckFailed(
            f"a prompt over the window of {window} gets HTTP {error.status_code}, not 400"
        ) from None
    counted = found.usage.prompt_tokens if found.usage else 0
    if counted > window:
        return f"took {counted} tokens, promised are {window}"
    raise CheckFailed(f"a prompt of more than {window} tokens was cut in silence: {counted} were read")


def served_by(asker: Asker) -> str:
    """The gateway names the target and counts the attempts."""
    if asker.subject.kind == "embedding":
        raw: Any = asker.client.embeddings.with_raw_response.create(model=asker.subject.model, input="port")
    else:
        raw = asker.client.chat.completions.with_raw_response.create(**asker.chat_arguments())
    name, attempts = raw.headers.get("x-served-by", ""), raw.headers.get("x-attempts", "")
    if name not in asker.subject.targets:
        raise CheckFailed(f"x-served-by is {name!r}, not one of {', '.join(asker.subject.targets)}")
    if not attempts.isdecimal() or int(attempts) < 1:
        raise CheckFailed(f"x-attempts is {attempts!r}")
    return f"{name}, attempt {attempts}"


def _arguments(asker: Asker) -> dict[str, Any]:
    if asker.subject.kind == "embedding":
        return {"model": asker.subject.model, "input": "port"}
    return asker.chat_arguments()


def _call(asker: Asker, client: openai.OpenAI, arguments: dict[str, Any]) -> None:
    if asker.subject.kind == "embedding":
        client.embeddings.create(**arguments)
    else:
        client.chat.completions.create(**arguments)


def _refused(asker: Asker, statuses: tuple[int, ...], what: str, **changed: Any) -> None:
    try:
        _call(asker, asker.client, {**_arguments(asker), **changed})
    except openai.APIStatusError as error:
        if error.status_code not in statuses:
            allowed = " or ".join(map(str, statuses))
            raise CheckFailed(f"{what} gets HTTP {error.status_code}, not {allowed}") from None
        _shaped(error)
        return
    raise CheckFailed(f"{what} is answered")


def _shaped(error: openai.APIStatusError) -> None:
    """`{"error": {"message": …}}`, which every OpenAI client reads."""
    try:
        value = error.response.json()["error"]
        good = isinstance(value["message"], str) and bool(value["message"])
    except (ValueError, KeyError, TypeError):
        good = False
    if not good:
        text = one_line(error.response.text, 80)
        raise OwnForm(f"the error of HTTP {error.status_code} has another shape: {text}")
