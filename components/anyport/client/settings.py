"""Times of the client. Names and defaults are the gateway's, so that both give the same guarantee."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["ClientSettings"]

Seconds = Annotated[float, Field(gt=0, le=3600)]


class ClientSettings(BaseModel):
    """Settings of one transport; times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    first_byte_seconds: Seconds = 15.0
    """How long a target may take to begin the answer of a stream before the next one is asked."""
    answer_seconds: Seconds = 120.0
    """The same for an answer that is no stream: its first byte comes when the whole answer is ready."""
    stream_idle_seconds: Seconds = 120.0
    """How long an answer may be silent once it has begun; then reading it raises, it never ends in order."""
    connect_seconds: Seconds = 1.0
    """How long a connection to a target may take, and as long again its TLS handshake."""
    failures: Annotated[int, Field(ge=1, le=100)] = 2
    """Failures in a row after which a target gets no traffic from this process."""
    cooldown_seconds: Seconds = 5.0
    """How long it gets none; then one request in as long a time tries whether it is well again."""
