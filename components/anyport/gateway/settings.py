"""What a gateway may be told besides the contracts it serves: times, sizes, callers.

Times are seconds, sizes bytes. The defaults are for chat models: a first token within 15 s, a whole answer
within two minutes, prompts with images of up to 32 MiB.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = ["CallerLimit", "GatewaySettings"]

Seconds = Annotated[float, Field(gt=0, le=3600)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CallerLimit(_Model):
    """How much one caller may ask for."""

    requests_per_minute: int = Field(ge=1)
    """Requests that are let through per minute; more are answered with 429 and never reach a target."""


class GatewaySettings(_Model):
    """Settings of one gateway."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """Where callers connect."""
    address: str = "127.0.0.1"
    """Address to listen on. Default: loopback, so that nothing is exposed by leaving it out."""
    admin_port: Annotated[int, Field(ge=1, le=65535)] = 9901
    """Envoy's admin interface; always on loopback, since it can stop the process."""
    metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Serves Prometheus metrics, and nothing else of the admin interface, on `address`. Default: off."""
    first_byte_seconds: Seconds = 15.0
    """How long a target may take to begin the answer of a stream before the next one is asked."""
    answer_seconds: Seconds = 120.0
    """The same for an answer that is no stream: its first byte comes when the whole answer is ready."""
    stream_idle_seconds: Seconds = 120.0
    """How long a stream may be silent once it has begun; then the transfer is broken, never ended in order."""
    connect_seconds: Seconds = 1.0
    """How long a connection to a target may take."""
    failures: Annotated[int, Field(ge=1, le=100)] = 2
    """Failures in a row after which a target gets no traffic."""
    cooldown_seconds: Seconds = 5.0
    """How long it gets none; then one request at a time tries whether it is well again."""
    largest_body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 32 * 2**20
    """Requests above it are refused with 413. Bodies are kept until a target answers, for the next one."""
    callers_file: str | None = None
    """File of callers and the hashes of their keys, a line each as `anyport.gateway.secrets.caller_line` makes it. Default: anyone who
    can connect may call, which is right only on loopback or behind another gateway."""
    caller_limits: dict[
        Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")], CallerLimit
    ] = Field(default_factory=dict)
    """Limits by caller; needs `callers_file`."""
    secrets_dir: str = "/etc/anyport/secrets"
    """Folder with one file of credentials per target, in Envoy's SDS form; read again when it changes."""
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt"
    """Authorities that the targets' certificates are checked against."""
    tls_certificate_file: str | None = None
    """Certificate chain to serve callers with; with `tls_key_file`. Default: plain HTTP."""
    tls_key_file: str | None = None
    """Key of that certificate."""
    addresses: dict[str, str] = Field(default_factory=dict)
    """Host name → `address:port` to connect to instead of asking DNS; certificates are still checked for the
    host name. For tests and for private addresses."""
