"""Checking what clients send, against the official client's own request types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Optional

from openai.types.chat.completion_create_params import CompletionCreateParamsBase
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from anyport_sandbox.servers.errors import ApiError, invalid

__all__ = ["EmbeddingRequest", "chat_request", "embedding_request", "json_object"]

_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "frequency_penalty": (-2, 2),
    "presence_penalty": (-2, 2),
    "n": (1, 8),
    "max_tokens": (1, 2**31),
    "max_completion_tokens": (1, 2**31),
}
_NOT_SIMULATED = (
    "audio",
    "functions",
    "function_call",
    "logprobs",
    "prediction",
    "web_search_options",
    "moderation",
)


class ChatParams(CompletionCreateParamsBase, total=False):
    """The client's request type with `stream` as one optional flag instead of two types."""

    stream: Optional[bool]  # noqa: UP045  # read at run time, beside the client's own spelling


_CHAT: TypeAdapter[ChatParams] = TypeAdapter(ChatParams)
_Tokens = Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
_Text = Annotated[str, Field(min_length=1)]


class EmbeddingRequest(BaseModel):
    """An embeddings call. The client's own type holds iterables, which can't be told apart; so this."""

    model_config = ConfigDict(strict=True, extra="ignore")

    model: str = ""
    input: (
        _Text
        | Annotated[list[_Text], Field(min_length=1, max_length=2048)]
        | _Tokens
        | Annotated[list[_Tokens], Field(min_length=1, max_length=2048)]
    )
    dimensions: Annotated[int, Field(ge=1)] | None = None
    encoding_format: Literal["float", "base64"] = "float"
    user: str | None = None


def json_object(raw: bytes) -> dict[str, Any]:
    """The body as a JSON object.

    Raises:
        ApiError: 400 when it is anything else.
    """
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise invalid("The body of the request is not valid JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The body of the request is not a JSON object.")
    if not isinstance(body.get("model", ""), str):
        raise invalid("'model' is not a string.", "model")
    return body


def chat_request(body: dict[str, Any], *, ignore_unknown: bool) -> dict[str, Any]:
    """A checked chat request, every part of it read.

    Args:
        body: the JSON object as sent.
        ignore_unknown: vLLM ignores fields it does not know; the managed clouds refuse them (for Vertex
            and OCI a guess).

    Raises:
        ApiError: 400 naming the field.
    """
    unknown = sorted(body.keys() - ChatParams.__required_keys__ - ChatParams.__optional_keys__)
    if unknown and not ignore_unknown:
        raise invalid(f"Unrecognized request argument supplied: {', '.join(unknown)}.", unknown[0])
    try:
        request: dict[str, Any] = _materialize(_CHAT.validate_python({"model": "", **body}, strict=True), "")
    except ValidationError as error:
        raise _refusal(error, "") from None
    if not request["messages"]:
        raise invalid("'messages' is empty.", "messages")
    for field, (low, high) in _RANGES.items():
        value = request.get(field)
        if value is not None and not low <= value <= high:
            raise invalid(f"'{field}' must be between {low} and {high}, got {value}.", field)
    for field in _NOT_SIMULATED:
        if request.get(field):
            raise invalid(f"'{field}' is not simulated by this stand-in: leave it out.", field)
    return request


def embedding_request(body: dict[str, Any]) -> EmbeddingRequest:
    """A checked embeddings request.

    Raises:
        ApiError: 400 naming the field.
    """
    try:
        return EmbeddingRequest.model_validate(body)
    except ValidationError as error:
        raise _refusal(error, "") from None


def _materialize(value: Any, at: str) -> Any:
    """Read pydantic's lazy iterators, which is when it checks what is in them."""
    if isinstance(value, dict):
        return {key: _materialize(each, f"{at}.{key}".lstrip(".")) for key, each in value.items()}
    if isinstance(value, (list, Iterator)):
        try:
            items = list(value)
        except ValidationError as error:
            raise _refusal(error, at) from None
        return [_materialize(each, f"{at}[{index}]") for index, each in enumerate(items)]
    return value


def _refusal(error: ValidationError, at: str) -> ApiError:
    """The deepest complaint: of a union's branches it is the one that came furthest."""
    details = error.errors(include_url=False, include_input=False, include_context=False)
    detail = max(details, key=lambda each: len(each["loc"]))
    place = at
    for part in detail["loc"]:
        if isinstance(part, int):
            place += f"[{part}]"
        elif part.islower() and part.isidentifier() and part not in ("str", "constrained"):
            place += f".{part}"
    place = place.lstrip(".")
    return invalid(f"Invalid value for '{place}': {detail['msg']}.", place.split(".")[0].split("[")[0])
