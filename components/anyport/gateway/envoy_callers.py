"""Who may call, and how much: keys of which only hashes are here, or tokens of the company's identity provider."""

from __future__ import annotations

from urllib.parse import urlsplit

from .envoy_parts import Config, extension, http_filter, lua_filter
from .lua_text import callers_lua
from .settings import CallerTokens, GatewaySettings

__all__ = ["caller_clusters", "caller_filters"]

_CALLER = "x-anyport-caller"
_KEYS = "caller_keys"


def caller_filters(settings: GatewaySettings) -> list[Config]:
    """Filters that come before everything else; none when anyone may call."""
    if settings.callers_file is not None:
        filters = _by_key(settings.callers_file)
    elif settings.caller_tokens is not None:
        filters = _by_token(settings.caller_tokens)
    else:
        return []
    return [*filters, *([_limits(settings)] if settings.caller_limits else [])]


def caller_clusters(settings: GatewaySettings) -> list[Config]:
    """The cluster that leads to the identity provider's keys, where they are fetched."""
    tokens = settings.caller_tokens
    if tokens is None or tokens.keys_url is None:
        return []
    url = urlsplit(tokens.keys_url)
    given = settings.addresses.get(url.hostname or "")
    host, _, port = given.rpartition(":") if given else (url.hostname or "", "", str(url.port or 443))
    address = {"socket_address": {"address": host, "port_value": int(port)}}
    name = {"san_type": "DNS", "matcher": {"exact": url.hostname}}
    return [
        {
            "name": _KEYS,
            "type": "STATIC" if given else "LOGICAL_DNS",
            **({} if given else {"dns_lookup_family": "V4_PREFERRED"}),
            "connect_timeout": "5s",
            "load_assignment": {
                "cluster_name": _KEYS,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
            },
            "transport_socket": extension(
                "envoy.transport_sockets.tls",
                "transport_sockets.tls.v3.UpstreamTlsContext",
                sni=url.hostname,
                common_tls_context={
                    "validation_context": {
                        "trusted_ca": {"filename": settings.ca_file},
                        "match_typed_subject_alt_names": [name],
                    }
                },
            ),
        }
    ]


def _by_key(file: str) -> list[Config]:
    return [
        lua_filter("callers", callers_lua()),
        http_filter(
            "envoy.filters.http.basic_auth",
            "filters.http.basic_auth.v3.BasicAuth",
            users={"filename": file},
            forward_username_header=_CALLER,
        ),
    ]


def _by_token(tokens: CallerTokens) -> list[Config]:
    """Issuer, audience, end and signature are checked; a token without an end is refused.

    The filter takes a caller's own header of that name away before it writes the claim into it.
    """
    keys: Config
    if tokens.keys_url is None:
        keys = {"local_jwks": {"filename": tokens.keys_file}}
    else:
        uri = {"uri": tokens.keys_url, "cluster": _KEYS, "timeout": "5s"}
        # Fetched at the start and then in the background, so that a caller never waits for the provider.
        remote = {
            "http_uri": uri,
            "cache_duration": f"{tokens.keys_refresh_seconds}s",
            "async_fetch": {"fast_listener": True},
        }
        keys = {"remote_jwks": remote}
    provider = {
        "issuer": tokens.issuer,
        "audiences": list(tokens.audiences),
        "from_headers": [{"name": "authorization", "value_prefix": "Bearer "}],
        "claim_to_headers": [{"header_name": _CALLER, "claim_name": tokens.caller_claim}],
        "require_expiration": True,
        "clock_skew_seconds": 60,
        **keys,
    }
    check = http_filter(
        "envoy.filters.http.jwt_authn",
        "filters.http.jwt_authn.v3.JwtAuthentication",
        providers={"callers": provider},
        rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "callers"}}],
    )
    return [check]


def _limits(settings: GatewaySettings) -> Config:
    """One token bucket per caller with a limit; the bucket of all others never empties."""
    descriptors = [
        {
            "entries": [{"key": "caller", "value": caller}],
            "token_bucket": {
                "max_tokens": limit.requests_per_minute,
                "tokens_per_fill": limit.requests_per_minute,
                "fill_interval": "60s",
            },
        }
        for caller, limit in sorted(settings.caller_limits.items())
    ]
    everything = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
    return http_filter(
        "envoy.filters.http.local_ratelimit",
        "filters.http.local_ratelimit.v3.LocalRateLimit",
        stat_prefix="callers",
        token_bucket={"max_tokens": 2**31, "tokens_per_fill": 2**31, "fill_interval": "60s"},
        filter_enabled=everything,
        filter_enforced=everything,
        descriptors=descriptors,
        rate_limits=[
            {"actions": [{"request_headers": {"header_name": _CALLER, "descriptor_key": "caller"}}]}
        ],
    )
