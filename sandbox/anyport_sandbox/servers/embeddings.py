"""Embeddings made from a hash: unit vectors, the same for the same text, and near nothing else.

Nothing about meaning can be tested with them; lengths, encodings and which target served can.
"""

from __future__ import annotations

import base64
import hashlib
import math
import struct
from typing import Any

from openai.types import CreateEmbeddingResponse

from anyport_sandbox.servers.errors import invalid
from anyport_sandbox.servers.requests import EmbeddingRequest
from anyport_sandbox.servers.routes import DEFAULT_EMBEDDING_DIMENSIONS, Route
from anyport_sandbox.servers.tokens import count

__all__ = ["embed", "vector"]


def embed(route: Route, request: EmbeddingRequest) -> dict[str, Any]:
    """The response as plain values; base64 (little-endian float32) when asked, as the client does by default.

    The response type says a vector is a list of floats even where base64 is sent, so only the float
    form is checked against it.

    Raises:
        ApiError: 400 when more dimensions are asked than the model has, or an input is too long.
    """
    most = route.embedding_dimensions or DEFAULT_EMBEDDING_DIMENSIONS
    size = request.dimensions or most
    if size > most:
        raise invalid(f"'dimensions' must be at most {most}, got {size}.", "dimensions")
    inputs = _inputs(request)
    tokens = [count(each) if isinstance(each, str) else len(each) for each in inputs]
    if route.context_window and max(tokens) > route.context_window:
        raise invalid(
            f"This model's maximum context length is {route.context_window} tokens, got {max(tokens)}.",
            "input",
            "context_length_exceeded",
        )
    vectors = [vector(f"{route.model}\n{each}", size) for each in inputs]
    plain = CreateEmbeddingResponse.model_validate(
        {
            "object": "list",
            "model": request.model,
            "data": [
                {"object": "embedding", "index": i, "embedding": each} for i, each in enumerate(vectors)
            ],
            "usage": {"prompt_tokens": sum(tokens), "total_tokens": sum(tokens)},
        }
    ).model_dump()
    if request.encoding_format == "base64":
        for item in plain["data"]:
            packed = struct.pack(f"<{size}f", *item["embedding"])
            item["embedding"] = base64.b64encode(packed).decode()
    return plain


def vector(text: str, size: int) -> list[float]:
    """A vector of length one; every component from SHAKE-256 of the text, in (-1, 1) before scaling."""
    raw = struct.unpack(f"<{size}h", hashlib.shake_256(text.encode()).digest(2 * size))
    # Half steps keep every component, and so the length, away from zero.
    moved = [value + 0.5 for value in raw]
    length = math.sqrt(sum(value * value for value in moved))
    return [value / length for value in moved]


def _inputs(request: EmbeddingRequest) -> list[str | list[int]]:
    given = request.input
    if isinstance(given, str):
        return [given]
    if isinstance(given[0], int):
        return [[int(each) for each in given if isinstance(each, int)]]
    return [each for each in given if not isinstance(each, int)]
