"""Pieces of Envoy configuration that several places need, in its own spelling."""

from __future__ import annotations

from typing import Any

__all__ = [
    "Config",
    "access_log",
    "duration",
    "extension",
    "http_filter",
    "http_options",
    "lua_filter",
    "manager",
    "no_breakers",
    "reply_format",
    "router",
]

Config = dict[str, Any]

SLOW_READER_SECONDS = 10.0


def duration(seconds: float) -> str:
    """A time in the form that Envoy reads, in whole milliseconds: it refuses exponents and long fractions."""
    return f"{round(seconds, 3)}s"


def extension(name: str, kind: str, **fields: Any) -> Config:
    """A named extension: `kind` is its type below `envoy.extensions`."""
    return {"name": name, "typed_config": {"@type": f"type.googleapis.com/envoy.extensions.{kind}", **fields}}


def http_filter(name: str, kind: str, **fields: Any) -> Config:
    """A filter of the HTTP chain."""
    return extension(name, kind, **fields)


def router() -> Config:
    """The filter at the end of every chain."""
    return extension(
        "envoy.filters.http.router", "filters.http.router.v3.Router", suppress_envoy_headers=True
    )


def lua_filter(name: str, code: str) -> Config:
    """A Lua filter; the name tells several apart in statistics."""
    return extension(
        "envoy.filters.http.lua",
        "filters.http.lua.v3.Lua",
        default_source_code={"inline_string": code},
        stat_prefix=name,
    )


def manager(
    prefix: str,
    routes: list[Config],
    filters: list[Config],
    *,
    remove: list[str] | None = None,
    closing_seconds: float = SLOW_READER_SECONDS,
    **fields: Any,
) -> Config:
    """An HTTP connection manager with one virtual host.

    Args:
        prefix: its name in metrics.
        routes: in the order in which they are looked through.
        filters: the last one is the router.
        remove: request headers that go no further.
        closing_seconds: how long a connection that is being closed may make no progress. It bounds a caller that
            asked for the end of its connection and pauses while it reads, and one that is refused before all of its
            request was sent: either is cut off then.
        fields: others of the connection manager.
    """
    host: Config = {"name": prefix, "domains": ["*"], "routes": routes}
    table: Config = {"virtual_hosts": [host]}
    if remove:
        table["request_headers_to_remove"] = remove
    return extension(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=prefix,
        route_config=table,
        http_filters=filters,
        delayed_close_timeout=duration(closing_seconds),
        **fields,
    )


def http_options(filters: list[Config] | None = None) -> Config:
    """Protocol options of a cluster: HTTP/1.1, and filters that every attempt passes."""
    fields: Config = {"explicit_http_config": {"http_protocol_options": {}}}
    if filters:
        codec = extension("envoy.filters.http.upstream_codec", "filters.http.upstream_codec.v3.UpstreamCodec")
        fields["http_filters"] = [*filters, codec]
    kind = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    return {kind: {"@type": f"type.googleapis.com/{kind}", **fields}}


def no_breakers() -> Config:
    """Envoy's own limits, far above a gateway's traffic: its default of 3 retries at a time would end failovers."""
    many = ("max_connections", "max_pending_requests", "max_requests", "max_retries")
    return {"thresholds": [{"priority": "DEFAULT", **dict.fromkeys(many, 100000)}]}


def reply_format(*, at_targets: bool = False) -> Config:
    """What Envoy says by itself, in the shape that OpenAI clients read; what our filters say has it already.

    At the callers' side a 401 is about the caller's key; `at_targets` it is about the gateway's own credential.
    """
    error = {
        "message": "%LOCAL_REPLY_BODY%",
        "type": "gateway_error",
        "param": None,
        "code": "%RESPONSE_CODE%",
    }
    named = {
        401: ("server_error", "credential_missing")
        if at_targets
        else ("authentication_error", "invalid_api_key"),
        403: ("permission_error", "caller_not_allowed"),
        413: ("invalid_request_error", "request_too_large"),
        429: ("rate_limit_error", "rate_limit_exceeded"),
        504: ("server_error", "first_byte_timeout"),
    }
    own = {
        "filter": {
            "metadata_filter": {
                "matcher": {
                    "filter": "anyport",
                    "path": [{"key": "reply"}],
                    "value": {"string_match": {"exact": "own"}},
                },
                "match_if_key_not_found": False,
            }
        },
        "body_format_override": {
            "text_format_source": {"inline_string": "%LOCAL_REPLY_BODY%"},
            "content_type": "application/json",
        },
    }
    mappers = [
        {
            "filter": {
                "status_code_filter": {
                    "comparison": {
                        "op": "EQ",
                        "value": {"default_value": status, "runtime_key": f"reply.{status}"},
                    }
                }
            },
            "body_format_override": {"json_format": {"error": {**error, "type": kind, "code": code}}},
        }
        for status, (kind, code) in named.items()
    ]
    return {"mappers": [own, *mappers], "body_format": {"json_format": {"error": error}}}


def access_log() -> Config:
    """One JSON line per request on standard output; no bodies, no credentials, no query strings, which may hold some."""
    line = {
        "time": "%START_TIME%",
        "request_id": "%REQ(X-REQUEST-ID)%",
        "caller": "%REQ(X-ANYPORT-CALLER)%",
        "path": "%PATH(NQ:PATH)%",
        "order": "%REQ(X-ANYPORT-ROUTE)%",
        "status": "%RESPONSE_CODE%",
        "served_by": "%RESP(X-SERVED-BY)%",
        "attempts": "%RESP(X-ATTEMPTS)%",
        "drill": "%RESP(X-ANYPORT-DRILL)%",
        "milliseconds": "%DURATION%",
        "first_byte_milliseconds": "%RESPONSE_DURATION%",
        "flags": "%RESPONSE_FLAGS%",
    }
    return extension(
        "envoy.access_loggers.stdout",
        "access_loggers.stream.v3.StdoutAccessLog",
        log_format={"json_format": line},
    )
