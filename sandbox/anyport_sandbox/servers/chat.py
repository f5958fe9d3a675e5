"""Chat completions of a model that only says who it is.

Answers are the same for the same request, byte for byte, ids and times too, so that a drill can tell
which target served and a test can compare. It deliberately doesn't try to be clever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from openai.types import CompletionUsage
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from anyport_sandbox.servers.errors import invalid
from anyport_sandbox.servers.instances import UnsatisfiableError, instance
from anyport_sandbox.servers.routes import Route
from anyport_sandbox.servers.tokens import count, cut, pieces

__all__ = ["CREATED", "Answer", "answer", "completion", "events"]

CREATED = 1_790_000_000
"""The `created` of every answer, in seconds since 1970: a constant, since the same call gives the same bytes."""


@dataclass(frozen=True)
class Answer:
    """What the model says to one request, before it is put into either form of response."""

    id: str
    model: str
    text: str
    function: str
    finish: str
    choices: int
    prompt_tokens: int
    made_tokens: int | None = None
    """As a real model counted them; None has them counted here."""

    @property
    def usage(self) -> CompletionUsage:
        """Counted by `tokens` unless a real model did, over all choices."""
        made = (count(self.text) if self.made_tokens is None else self.made_tokens) * self.choices
        return CompletionUsage(
            prompt_tokens=self.prompt_tokens, completion_tokens=made, total_tokens=self.prompt_tokens + made
        )

    def message(self) -> dict[str, Any]:
        """The message of the plain form; `text` is the arguments when a function is called."""
        if not self.function:
            return {"role": "assistant", "content": self.text, "refusal": None}
        return {"role": "assistant", "content": None, "refusal": None, "tool_calls": [self._call(self.text)]}

    def deltas(self) -> Iterator[dict[str, Any]]:
        """The same in the streaming form: role first, then one token at a time."""
        if not self.function:
            yield {"role": "assistant", "content": ""}
            yield from ({"content": piece} for piece in pieces(self.text))
            return
        yield {"role": "assistant", "content": None, "tool_calls": [{"index": 0, **self._call("")}]}
        for piece in pieces(self.text):
            yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}

    def _call(self, arguments: str) -> dict[str, Any]:
        name = {"name": self.function, "arguments": arguments}
        return {"id": self.id.replace("chatcmpl", "call"), "type": "function", "function": name}


def answer(route: Route, request: dict[str, Any]) -> Answer:
    """What the route says to a checked request.

    Raises:
        ApiError: 400 when the target lacks a feature asked for, the request does not fit into its
            limits, or a schema cannot be satisfied.
    """
    _check_features(route, request)
    prompt = _prompt_tokens(request)
    limit = _token_limit(route, request, prompt)
    function = _function(request)
    if function:
        text = _json_text(function.get("parameters") or {"type": "object"}, "tools")
    else:
        text = _content(route, request)
    text, stopped = _stop(text, request.get("stop") or [])
    text, lost = cut(text, limit)
    finish = "length" if lost else "tool_calls" if function and not stopped else "stop"
    digest = hashlib.sha256(json.dumps([route.name, request], sort_keys=True).encode()).hexdigest()
    return Answer(
        id=f"chatcmpl-{digest[:24]}",
        model=request["model"],
        text=text,
        function=str(function["name"]) if function else "",
        finish=finish,
        choices=request.get("n") or 1,
        prompt_tokens=prompt,
    )


def completion(said: Answer) -> ChatCompletion:
    """The plain response."""
    choice = {"finish_reason": said.finish, "logprobs": None, "message": said.message()}
    return ChatCompletion.model_validate(
        {
            "id": said.id,
            "object": "chat.completion",
            "created": CREATED,
            "model": said.model,
            "choices": [{**choice, "index": index} for index in range(said.choices)],
            "usage": said.usage,
        }
    )


def events(said: Answer, *, include_usage: bool) -> Iterator[str]:
    """The streaming response as server-sent events, `[DONE]` last; usage in a chunk with no choices."""
    head = {"id": said.id, "object": "chat.completion.chunk", "created": CREATED, "model": said.model}
    extra: dict[str, Any] = {"usage": None} if include_usage else {}
    for index in range(said.choices):
        for delta in said.deltas():
            yield _event(
                {**head, **extra, "choices": [{"index": index, "delta": delta, "finish_reason": None}]}
            )
        yield _event(
            {**head, **extra, "choices": [{"index": index, "delta": {}, "finish_reason": said.finish}]}
        )
    if include_usage:
        yield _event({**head, "choices": [], "usage": said.usage})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {ChatCompletionChunk.model_validate(chunk).model_dump_json(exclude_unset=True)}\n\n"


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else [{"type": "text", "text": content or ""}]


def _check_features(route: Route, request: dict[str, Any]) -> None:
    form = (request.get("response_format") or {}).get("type", "text")
    images = any(p.get("type") == "image_url" for message in request["messages"] for p in _parts(message))
    asked = {
        "stream": ("streaming", bool(request.get("stream"))),
        "tools": ("tools", bool(request.get("tools"))),
        "response_format": ("json_schema", form in ("json_schema", "json_object")),
        "messages": ("vision", images),
    }
    for field, (feature, wanted) in asked.items():
        if wanted and feature not in route.features:
            model = route.model or "this model"
            raise invalid(
                f"'{field}' is not supported: {model} has no feature {feature}.", field, "unsupported"
            )


def _prompt_tokens(request: dict[str, Any]) -> int:
    """Text of all messages and of the tools; an image counts nothing."""
    texts = [str(part.get("text", "")) for message in request["messages"] for part in _parts(message)]
    return sum(map(count, texts)) + (count(json.dumps(request["tools"])) if request.get("tools") else 0)


def _token_limit(route: Route, request: dict[str, Any], prompt: int) -> int | None:
    asked: int | None = request.get("max_completion_tokens") or request.get("max_tokens")
    most, window = route.max_output_tokens, route.context_window
    if asked and most and asked > most:
        raise invalid(
            f"max_tokens is too large: {asked}. This model makes at most {most} tokens.", "max_tokens"
        )
    total = prompt + (asked or 1)
    if window and total > window:
        raise invalid(
            f"This model's maximum context length is {window} tokens. However, {total} were requested "
            f"({prompt} in the messages, {asked or 1} in the completion).",
            "messages",
            "context_length_exceeded",
        )
    limits = [limit for limit in (asked, most, window - prompt if window else None) if limit]
    return min(limits, default=None)


def _function(request: dict[str, Any]) -> dict[str, Any] | None:
    """The function to call: the named one, else the first when the user has just spoken."""
    choice = request.get("tool_choice", "auto")
    functions = [tool["function"] for tool in request.get("tools") or () if tool["type"] == "function"]
    if len(functions) != len(request.get("tools") or ()):
        raise invalid("Only tools of type 'function' are simulated by this stand-in.", "tools")
    if isinstance(choice, dict):
        if choice.get("type") != "function":
            raise invalid("This form of 'tool_choice' is not simulated by this stand-in.", "tool_choice")
        name = choice["function"]["name"]
        found = next((each for each in functions if each["name"] == name), None)
        if found is None:
            raise invalid(
                f"'tool_choice' names the function '{name}', which is not in 'tools'.", "tool_choice"
            )
        return dict(found)
    if not functions:
        if choice == "required":
            raise invalid("'tool_choice' is 'required' but there are no 'tools'.", "tool_choice")
        return None
    asked = choice == "required" or (choice == "auto" and request["messages"][-1]["role"] == "user")
    return dict(functions[0]) if asked else None


def _content(route: Route, request: dict[str, Any]) -> str:
    form = request.get("response_format") or {}
    if form.get("type") == "json_schema":
        return _json_text(form["json_schema"].get("schema") or {"type": "object"}, "response_format")
    served = {"provider": route.provider, "target": route.target}
    if form.get("type") == "json_object":
        return json.dumps(served)
    where = f" in {route.region}" if route.region else ""
    named = f" as {route.model}" if route.model else ""
    return f"Hello from {route.provider}{where}: target {route.target} serves {route.endpoint}{named}."


def _json_text(schema: dict[str, Any], field: str) -> str:
    try:
        return json.dumps(instance(schema))
    except UnsatisfiableError as error:
        raise invalid(f"Invalid schema in '{field}': {error}.", field) from None
    except (TypeError, ValueError, AttributeError):
        raise invalid(
            f"Invalid schema in '{field}': a keyword has a value of the wrong type.", field
        ) from None


def _stop(text: str, stop: str | list[str]) -> tuple[str, bool]:
    words = [stop] if isinstance(stop, str) else stop
    found = [text.index(word) for word in words if word and word in text]
    return (text[: min(found)], True) if found else (text, False)
