"""Checks of what a model answers: chat, streams, tools, schemas, vectors, counts of tokens.

Each takes an `Asker` and returns a word for the report, or raises `CheckFailed`; errors of the client are told by
`suite`. What a model says is never judged, only the form that applications rely on.
"""

from __future__ import annotations

import math
from typing import Any

from openai.types.chat import ChatCompletionChunk
from pydantic import ValidationError

from .asking import Asker, json_object, one_line
from .model import CheckFailed

__all__ = ["chat", "embeddings", "json_schema", "stream", "tools", "usage"]

FINISHES = ("stop", "length", "tool_calls", "content_filter", "function_call")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "port": {"type": "integer", "enum": [22, 443, 8080]},
        "state": {"type": "string", "enum": ["open", "closed"]},
    },
    "required": ["port", "state"],
    "additionalProperties": False,
}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "port_state",
        "description": "Says whether the port of a city is open.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}
VECTOR_TEXTS = ("any port in a storm", "a quite different sentence about bread")


def chat(asker: Asker) -> str:
    """A completion with content and a known reason for its end."""
    found = asker.completion()
    choice = found.choices[0]
    if choice.finish_reason not in FINISHES:
        raise CheckFailed(f"finish_reason is {choice.finish_reason!r}")
    if choice.message.role != "assistant":
        raise CheckFailed(f"the message's role is {choice.message.role!r}")
    if not choice.message.content and choice.finish_reason != "length":
        raise CheckFailed("the message has no content")
    return ""


def stream(asker: Asker) -> str:
    """Server-sent events of chunks, one reason for the end, `[DONE]` last: read raw, since clients forgive."""
    with asker.client.chat.completions.with_streaming_response.create(
        **asker.chat_arguments(stream=True)
    ) as answer:
        kind = answer.headers.get("content-type", "")
        events = [line[5:].strip() for line in answer.iter_lines() if line.startswith("data:")]
    if not kind.startswith("text/event-stream"):
        raise CheckFailed(f"content-type is {kind!r}, not text/event-stream")
    if not events or events[-1] != "[DONE]":
        raise CheckFailed("the stream does not end with [DONE]")
    chunks = [_chunk(event) for event in events[:-1]]
    choices = [choice for chunk in chunks for choice in chunk.choices]
    ends = [choice.finish_reason for choice in choices if choice.finish_reason]
    if len(ends) != 1 or ends[0] not in FINISHES:
        raise CheckFailed(f"one finish_reason is due, got {ends or 'none'}")
    if len({chunk.id for chunk in chunks}) != 1:
        raise CheckFailed("the chunks have different ids")
    if not any(choice.delta.content for choice in choices) and ends != ["length"]:
        raise CheckFailed("no chunk has content")
    return f"{len(chunks)} chunks"


def _chunk(event: str) -> ChatCompletionChunk:
    try:
        return ChatCompletionChunk.model_validate_json(event)
    except ValidationError:
        raise CheckFailed(f"an event is no chunk: {one_line(event, 80)}") from None


def tools(asker: Asker) -> str:
    """A required call of a function with arguments that fit, and an answer to its result."""
    found = asker.completion(tools=[TOOL], tool_choice="required")
    message = found.choices[0].message
    if not message.tool_calls:
        raise CheckFailed("tool_choice was 'required' and no tool was called")
    call = message.tool_calls[0]
    if call.type != "function" or call.function.name != "port_state" or not call.id:
        raise CheckFailed("the call does not name the function given, or has no id")
    arguments = json_object(call.function.arguments, "the arguments of the call")
    if not isinstance(arguments.get("city"), str):
        raise CheckFailed(f"the arguments do not fit their schema: {one_line(call.function.arguments, 80)}")
    history = [
        *asker.chat_arguments()["messages"],
        {"role": "assistant", "content": message.content, "tool_calls": [call.model_dump(exclude_none=True)]},
        {"role": "tool", "tool_call_id": call.id, "content": '{"state": "open"}'},
    ]
    asker.completion(messages=history, tools=[TOOL])
    return ""


def json_schema(asker: Asker) -> str:
    """An answer that fits a strict schema."""
    form = {"name": "port", "strict": True, "schema": SCHEMA}
    found = asker.completion(response_format={"type": "json_schema", "json_schema": form})
    content = found.choices[0].message.content
    value = json_object(content, "the contents of the answer")
    port, state = value.get("port"), value.get("state")
    fits = port in (22, 443, 8080) and state in ("open", "closed") and len(value) == len(SCHEMA["required"])
    if not fits:
        raise CheckFailed(f"the answer does not fit its schema: {one_line(content or '', 80)}")
    return ""


def embeddings(asker: Asker) -> str:
    """A vector per text, in order, of the length promised."""
    found = asker.client.embeddings.create(model=asker.subject.model, input=list(VECTOR_TEXTS))
    vectors = [row.embedding for row in found.data]
    if [row.index for row in found.data] != [0, 1]:
        raise CheckFailed(f"two vectors in order are due, got indices {[row.index for row in found.data]}")
    lengths = {len(vector) for vector in vectors}
    if len(lengths) != 1 or not all(math.isfinite(number) for vector in vectors for number in vector):
        raise CheckFailed("the vectors differ in length or hold what is no number")
    length, promised = lengths.pop(), asker.subject.limits.embedding_dimensions
    if promised is not None and length != promised:
        raise CheckFailed(f"vectors of {length}, promised are {promised}")
    if vectors[0] == vectors[1]:
        raise CheckFailed("two different texts have the same vector")
    return f"vectors of {length}"


def usage(asker: Asker) -> str:
    """Counts that add up, since bills and budgets are made of them; also in streams where these are promised."""
    if asker.subject.kind == "embedding":
        counts = asker.client.embeddings.create(model=asker.subject.model, input=VECTOR_TEXTS[0]).usage
        if counts is None or counts.prompt_tokens < 1 or counts.total_tokens < counts.prompt_tokens:
            raise CheckFailed(f"the counts of tokens are wrong: {counts}")
        return ""
    _add_up(asker.completion().usage, "the answer")
    if "streaming" not in asker.subject.features:
        return ""
    last = None
    for chunk in asker.client.chat.completions.create(
        **asker.chat_arguments(stream=True, stream_options={"include_usage": True})
    ):
        last = chunk.usage or last
    _add_up(last, "the stream")
    return ""


def _add_up(counts: Any, what: str) -> None:
    if counts is None:
        raise CheckFailed(f"{what} has no counts of tokens")
    prompt, made, total = counts.prompt_tokens, counts.completion_tokens, counts.total_tokens
    if prompt < 1 or made < 1 or total != prompt + made:
        raise CheckFailed(f"the counts of {what} do not add up: {prompt} + {made} = {total}")
