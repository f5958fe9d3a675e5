"""What a gateway may be told besides the contracts it serves: times, sizes, callers.

Times are seconds, sizes bytes. The defaults are for chat models: a first token within 15 s, a whole answer
within two minutes, prompts with images of up to 32 MiB.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = ["CallerLimit", "CallerTokens", "GatewaySettings", "host_and_port"]

Seconds = Annotated[float, Field(ge=0.001, le=3600)]
"""Envoy is told whole milliseconds."""


def host_and_port(text: str) -> tuple[str, int]:
    """Of `address:port`, or `[address]:port` for IPv6.

    Raises:
        ValueError: it is something else, such as a host name.
    """
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):([0-9]{1,5})", text)
    if not found or not 1 <= int(found[3]) <= 65535:
        raise ValueError("must be an IP address and a port, as in 10.0.0.1:443 or [fd00::1]:443")
    return _address(found[1] or found[2]), int(found[3])


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError("must be an IP address, such as 127.0.0.1, 0.0.0.0 or ::") from None


def _place(text: str) -> str:
    host_and_port(text)
    return text


IpAddress = Annotated[str, AfterValidator(_address)]
Place = Annotated[str, AfterValidator(_place)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class CallerLimit(_Model):
    """How much one caller may ask for."""

    requests_per_minute: int = Field(ge=1)
    """Requests that are let through per minute; more are answered with 429 and never reach a target."""


class CallerTokens(_Model):
    """Tokens (JWT) of an identity provider, in the place of keys."""

    issuer: Annotated[str, StringConstraints(min_length=1)]
    """What `iss` of a token must be."""
    audiences: Annotated[tuple[str, ...], Field(min_length=1)]
    """One of them must be in `aud`."""
    keys_url: Annotated[str, StringConstraints(pattern=r"^https://[^/@\s]+/\S*$")] | None = None
    """Where the provider publishes its signing keys (JWKS)."""
    keys_refresh_seconds: Annotated[int, Field(ge=1, le=86400)] = 600
    """How often they are fetched again: a key that the provider has taken back counts until then, and a new one does
    not count before, so a provider that changes its keys publishes the new one at least that long ahead."""
    keys_file: str | None = None
    """A file with them instead, read at the start."""
    caller_claim: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")] = "sub"
    """The claim that names the caller, for limits and the access log; `azp` or `appid` with Entra."""

    @model_validator(mode="after")
    def _one_place(self) -> CallerTokens:
        if (self.keys_url is None) == (self.keys_file is None):
            raise ValueError("give keys_url or keys_file")
        return self


class GatewaySettings(_Model):
    """Settings of one gateway."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    """Where callers connect."""
    address: IpAddress = "127.0.0.1"
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
    """How long a stream may be silent once it has begun; then the transfer is broken, never ended in order. Not less
    than `first_byte_seconds`, since Envoy counts silence from the request on. An answer that is no stream may be silent
    as long as the larger of this and `answer_seconds`."""
    connect_seconds: Seconds = 1.0
    """How long a connection to a target may take."""
    failures: Annotated[int, Field(ge=1, le=100)] = 2
    """Failures in a row after which a target gets no traffic."""
    cooldown_seconds: Seconds = 5.0
    """How long it gets none; then one request in as long a time tries whether it is well again."""
    largest_body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 32 * 2**20
    """Requests above it are refused with 413. Bodies are kept until a target answers, for the next one."""
    request_headers_seconds: Seconds = 10.0
    """How long the head of a caller's request may take to come; then 408."""
    request_seconds: Seconds = 60.0
    """The same for the whole request. A prompt of 32 MiB over a slow line needs it."""
    callers_file: str | None = None
    """File of callers and the hashes of their keys, a line each as `anyport.gateway.secrets.caller_line` makes it. Default: anyone who
    can connect may call, which is right only on loopback or behind another gateway."""
    caller_tokens: CallerTokens | None = None
    """Tokens that callers show instead of keys; not with `callers_file`."""
    caller_limits: dict[
        Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@:-]{0,127}$")], CallerLimit
    ] = Field(default_factory=dict)
    """Limits by caller, per process (each pod counts for itself); needs `callers_file` or `caller_tokens`. Callers
    without one are not limited."""
    drill_key_file: str | None = None
    """File of hashes of drill keys, lines as in `callers_file`, read at the start. Who sends such a key may name
    targets that are to be as if broken for that one request. Default: nobody may."""
    secrets_dir: str = "/etc/anyport/secrets"
    """Folder with one file of credentials per target, in Envoy's SDS form; read again when it changes."""
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt"
    """Authorities that the targets' certificates are checked against."""
    tls_certificate_file: str | None = None
    """Certificate chain to serve callers with; with `tls_key_file`, never alone. Default: plain HTTP."""
    tls_key_file: str | None = None
    """Key of that certificate."""
    addresses: dict[str, Place] = Field(default_factory=dict)
    """Host name → `address:port` (`[address]:port` for IPv6) to connect to instead of asking DNS; certificates are still checked for the
    host name. For tests and for private addresses."""

    @model_validator(mode="after")
    def _callers_known(self) -> GatewaySettings:
        if self.callers_file and self.caller_tokens:
            raise ValueError("callers_file and caller_tokens are two ways to the same: give one")
        return self

    @model_validator(mode="after")
    def _whole_tls(self) -> GatewaySettings:
        if bool(self.tls_certificate_file) != bool(self.tls_key_file):
            raise ValueError(
                "tls_certificate_file and tls_key_file are of use together only: give both or none"
            )
        return self

    @model_validator(mode="after")
    def _patient(self) -> GatewaySettings:
        if self.stream_idle_seconds < self.first_byte_seconds:
            raise ValueError(
                f"stream_idle_seconds ({self.stream_idle_seconds:g}) must not be less than "
                f"first_byte_seconds ({self.first_byte_seconds:g})"
            )
        return self
