"""The Responses API, by way of the chat model: a request is turned into a chat request, its answer back.

Minimal but true to the official client's types. Not simulated, and refused by name: anything that needs
a memory of earlier calls (`previous_response_id`, `conversation`, `background`), stored prompts, and
tools other than functions. `store` is taken and nothing is kept. A refusal of `input` speaks of
`messages`, since the check is that of chat.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from openai.types.responses import Response
from openai.types.responses.response_create_params import ResponseCreateParamsBase

from anyport_sandbox.servers.chat import CREATED, Answer
from anyport_sandbox.servers.errors import invalid
from anyport_sandbox.servers.requests import chat_request
from anyport_sandbox.servers.tokens import pieces

__all__ = ["as_chat", "events", "response"]

_NOT_SIMULATED = ("previous_response_id", "conversation", "background", "prompt")
_SAME = ("model", "stream", "temperature", "top_p")
_KNOWN = ResponseCreateParamsBase.__required_keys__ | ResponseCreateParamsBase.__optional_keys__ | {"stream"}


def as_chat(body: dict[str, Any], *, ignore_unknown: bool) -> dict[str, Any]:
    """The checked chat request that means the same.

    Raises:
        ApiError: 400 naming the field.
    """
    unknown = sorted(body.keys() - _KNOWN)
    if unknown and not ignore_unknown:
        raise invalid(f"Unrecognized request argument supplied: {', '.join(unknown)}.", unknown[0])
    for field in _NOT_SIMULATED:
        if body.get(field):
            raise invalid(f"'{field}' is not simulated by this stand-in: leave it out.", field)
    made: dict[str, Any] = {key: body[key] for key in _SAME if body.get(key) is not None}
    made["messages"] = _messages(body)
    if body.get("max_output_tokens") is not None:
        made["max_completion_tokens"] = body["max_output_tokens"]
    try:
        made |= _tools(body) | _form(body)
    except (KeyError, TypeError, AttributeError):
        raise invalid("'tools', 'tool_choice' or 'text' has the wrong form.", "tools") from None
    return chat_request(made, ignore_unknown=False)


def response(said: Answer) -> dict[str, Any]:
    """The plain response, checked against the client's own type."""
    cut = said.finish in ("length", "content_filter")
    reason = "max_output_tokens" if said.finish == "length" else said.finish
    made = {
        **_head(said),
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": reason} if cut else None,
        "output": [_item(said, "incomplete" if cut else "completed")],
        "usage": {
            "input_tokens": said.usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said.usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": said.usage.total_tokens,
        },
    }
    return Response.model_validate(made).model_dump(mode="json", exclude_unset=True)


def events(said: Answer) -> Iterator[str]:
    """The same as server-sent events; the last is `response.completed` or `.incomplete`, without `[DONE]`."""
    for number, event in enumerate(_sequence(said)):
        data = json.dumps({**event, "sequence_number": number})
        yield f"event: {event['type']}\ndata: {data}\n\n"


def _sequence(said: Answer) -> Iterator[dict[str, Any]]:
    done = response(said)
    item = done["output"][0]
    opened = {**_head(said), "status": "in_progress", "output": []}
    place = {"item_id": item["id"], "output_index": 0}
    yield {"type": "response.created", "response": opened}
    yield {"type": "response.in_progress", "response": opened}
    empty: dict[str, Any] = {"arguments": ""} if said.function else {"content": []}
    added = {**item, **empty, "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": 0, "item": added}
    yield from _call_events(said, place) if said.function else _text_events(said, place)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": f"response.{done['status']}", "response": done}


def _text_events(said: Answer, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    at = {**place, "content_index": 0}
    yield {"type": "response.content_part.added", **at, "part": _part("")}
    for piece in pieces(said.text):
        yield {"type": "response.output_text.delta", **at, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **at, "text": said.text, "logprobs": []}
    yield {"type": "response.content_part.done", **at, "part": _part(said.text)}


def _call_events(said: Answer, place: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = "response.function_call_arguments"
    for piece in pieces(said.text):
        yield {"type": f"{kind}.delta", **place, "delta": piece}
    yield {"type": f"{kind}.done", **place, "arguments": said.text, "name": said.function}


def _head(said: Answer) -> dict[str, Any]:
    return {
        "id": said.id.replace("chatcmpl-", "resp_"),
        "object": "response",
        "created_at": CREATED,
        "model": said.model,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
    }


def _item(said: Answer, status: str) -> dict[str, Any]:
    digest = said.id.removeprefix("chatcmpl-")
    if said.function:
        call = {"call_id": f"call_{digest}", "name": said.function, "arguments": said.text}
        return {"type": "function_call", "id": f"fc_{digest}", "status": status, **call}
    content = [_part(said.text)]
    return {
        "type": "message",
        "id": f"msg_{digest}",
        "role": "assistant",
        "status": status,
        "content": content,
    }


def _part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    given, first = body.get("input"), body.get("instructions")
    made = [{"role": "system", "content": first}] if first else []
    if isinstance(given, str) and given:
        return [*made, {"role": "user", "content": given}]
    if not isinstance(given, list) or not given:
        raise invalid("'input' must be a text or a list of items, and not empty.", "input")
    return [*made, *map(_message, given)]


def _message(item: Any) -> dict[str, Any]:
    try:
        kind = item.get("type", "message")
        if kind == "function_call_output":
            return {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
        if kind == "function_call":
            called = {"name": item["name"], "arguments": item["arguments"]}
            call = {"id": item["call_id"], "type": "function", "function": called}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        if kind != "message":
            raise invalid(f"Input items of type '{kind}' are not simulated by this stand-in.", "input")
        content = item["content"]
        parts = content if isinstance(content, str) else [_content(part) for part in content]
        return {"role": item["role"], "content": parts}
    except (KeyError, TypeError, AttributeError):
        raise invalid("An item of 'input' has the wrong form.", "input") from None


def _content(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] in ("input_text", "output_text"):
        return {"type": "text", "text": part["text"]}
    if part["type"] == "input_image" and part.get("image_url"):
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    raise invalid(f"Content of type '{part['type']}' is not simulated by this stand-in.", "input")


def _tools(body: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if body.get("tools"):
        if any(tool["type"] != "function" for tool in body["tools"]):
            raise invalid("Only tools of type 'function' are simulated by this stand-in.", "tools")
        keys = ("name", "description", "parameters", "strict")
        functions = [{key: tool[key] for key in keys if key in tool} for tool in body["tools"]]
        made["tools"] = [{"type": "function", "function": each} for each in functions]
    choice = body.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "function":
        choice = {"type": "function", "function": {"name": choice["name"]}}
    return {**made, "tool_choice": choice} if choice is not None else made


def _form(body: dict[str, Any]) -> dict[str, Any]:
    form = (body.get("text") or {}).get("format")
    if not form:
        return {}
    if form["type"] == "json_schema":
        inner = {key: value for key, value in form.items() if key != "type"}
        return {"response_format": {"type": "json_schema", "json_schema": inner}}
    return {"response_format": form}
