"""A route table as Envoy's static configuration (Envoy 1.40, https://www.envoyproxy.io/docs/envoy/v1.40.0/).

How it works: `front` reads the model a request names, decides by the features it needs which targets may serve
it and in which order, and picks the cluster of that order. Such a cluster has one priority per target, each
leading through an internal listener to `targets`, which skips a dead target at once (a 503 that the retry in
`front` moves on from), rewrites model id, path and credentials, and says who served. The last target of an
order is never skipped; what comes after a target in its order (`rest`) decides with it. Run it with `--concurrency 1`: the memory of who is dead is one worker's.

No secret value is in the configuration: each target's credential is a file of its own, read again when changed.
"""

from __future__ import annotations

import yaml

from ..errors import Problem
from .cycles import refuse_cycles
from .envoy_callers import caller_clusters, caller_filters
from .envoy_parts import (
    Config,
    access_log,
    duration,
    extension,
    http_options,
    lua_filter,
    manager,
    no_breakers,
    reply_format,
    router,
)
from .envoy_upstreams import authority, drill_cluster, target_clusters
from .lua_text import TRIGGERS, ending_lua, front_lua, targets_lua
from .routes import EndpointRoute, RouteError, RouteTable, TargetRoute
from .settings import GatewaySettings

__all__ = ["envoy_config", "envoy_yaml"]

INTERNAL = "targets"


def envoy_yaml(table: RouteTable, settings: GatewaySettings) -> str:
    """The configuration as a file for `envoy -c FILE --concurrency 1`."""
    return yaml.safe_dump(envoy_config(table, settings), sort_keys=False, width=1000)


def envoy_config(table: RouteTable, settings: GatewaySettings) -> Config:
    """The configuration as plain values.

    Raises:
        RouteError: AP406, a target leads back to the gateway; AP410, limits for callers nobody tells apart.
    """
    refuse_cycles(table, settings)
    if settings.caller_limits and not (settings.callers_file or settings.caller_tokens):
        wrong, fix = "there is nothing to tell callers apart by", "set callers_file or caller_tokens"
        raise RouteError([Problem("AP410", "caller_limits", wrong, fix=fix, file="settings")])
    listeners = [_front(table, settings), _targets(table, settings)]
    clusters = [
        *(_order(endpoint, order, settings) for endpoint in table.endpoints for order in endpoint.orders()),
        *target_clusters(table, settings),
        *caller_clusters(settings),
    ]
    if settings.metrics_port:
        listeners.append(_metrics(settings))
        clusters.append(_admin_cluster(settings))
    return {
        "node": {"id": "anyport", "cluster": "anyport"},
        "admin": {"address": _socket("127.0.0.1", settings.admin_port)},
        "bootstrap_extensions": [
            extension("envoy.bootstrap.internal_listener", "bootstrap.internal_listener.v3.InternalListener")
        ],
        "overload_manager": {
            "resource_monitors": [
                extension(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=10000,
                )
            ]
        },
        "static_resources": {"listeners": listeners, "clusters": clusters},
    }


def _socket(address: str, port: int) -> Config:
    return {"socket_address": {"address": address, "port_value": port}}


def _front(table: RouteTable, settings: GatewaySettings) -> Config:
    filters = [
        lua_filter("ending", ending_lua()),
        *caller_filters(settings),
        lua_filter("front", front_lua(table, settings)),
        router(),
    ]
    route = {
        "match": {"prefix": "/v1/"},
        "route": {
            "cluster_header": "x-anyport-route",
            "timeout": "0s",
            "retry_policy": _retries(),
        },
    }
    chain: Config = {"filters": [manager("front", [route], filters, **_edge(settings))]}
    if settings.tls_certificate_file and settings.tls_key_file:
        certificate = {
            "certificate_chain": {"filename": settings.tls_certificate_file},
            "private_key": {"filename": settings.tls_key_file},
        }
        chain["transport_socket"] = extension(
            "envoy.transport_sockets.tls",
            "transport_sockets.tls.v3.DownstreamTlsContext",
            common_tls_context={"tls_certificates": [certificate], "alpn_protocols": ["h2", "http/1.1"]},
        )
    return {
        "name": "front",
        "address": _socket(settings.address, settings.port),
        "per_connection_buffer_limit_bytes": settings.largest_body_bytes,
        "filter_chains": [chain],
    }


def _edge(settings: GatewaySettings) -> Config:
    """What a listener that strangers can reach must insist on."""
    return {
        "use_remote_address": True,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "common_http_protocol_options": {
            "headers_with_underscores_action": "REJECT_REQUEST",
            "idle_timeout": "3600s",
        },
        "request_headers_timeout": duration(settings.request_headers_seconds),
        "request_timeout": duration(settings.request_seconds),
        # Silence is bounded where the target is known; here a long answer must not be cut.
        "stream_idle_timeout": "0s",
        "server_name": "anyport",
        "local_reply_config": reply_format(),
        "access_log": [access_log()],
    }


def _retries() -> Config:
    """On to the next target for every trigger; how often at most is set per request (`x-envoy-max-retries`)."""
    return {
        "retry_on": "connect-failure,reset,retriable-status-codes",
        "retriable_status_codes": list(TRIGGERS),
        "num_retries": 1,
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.005s"},
        "retry_priority": extension(
            "envoy.retry_priorities.previous_priorities",
            "retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
            update_frequency=1,
        ),
    }


def _order(endpoint: EndpointRoute, order: tuple[int, ...], settings: GatewaySettings) -> Config:
    """A cluster whose priorities are the targets of one order."""
    name = f"{endpoint.name}/{','.join(str(index) for index in order)}"
    rows = [
        {
            "priority": place,
            "lb_endpoints": [
                {
                    "endpoint": {
                        "address": {
                            "envoy_internal_address": {
                                "server_listener_name": INTERNAL,
                                "endpoint_id": f"{name}#{index}",
                            }
                        }
                    },
                    "metadata": {
                        "filter_metadata": {
                            "anyport": {
                                "target": f"{endpoint.name}/{endpoint.targets[index].name}",
                                "rest": ",".join(
                                    f"{endpoint.name}/{endpoint.targets[later].name}"
                                    for later in order[place + 1 :]
                                ),
                            }
                        }
                    },
                }
            ],
        }
        for place, index in enumerate(order)
    ]
    return {
        "name": name,
        "alt_stat_name": f"order_{name.replace('/', '_').replace(',', '_')}",
        "type": "STATIC",
        "connect_timeout": duration(settings.connect_seconds),
        "per_connection_buffer_limit_bytes": settings.largest_body_bytes,
        "circuit_breakers": no_breakers(),
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "load_assignment": {"cluster_name": name, "endpoints": rows},
        "transport_socket": extension(
            "envoy.transport_sockets.internal_upstream",
            "transport_sockets.internal_upstream.v3.InternalUpstreamTransport",
            passthrough_metadata=[{"kind": {"host": {}}, "name": "anyport"}],
            transport_socket=extension(
                "envoy.transport_sockets.raw_buffer", "transport_sockets.raw_buffer.v3.RawBuffer"
            ),
        ),
        "typed_extension_protocol_options": http_options(),
    }


def _targets(table: RouteTable, settings: GatewaySettings) -> Config:
    routes: list[Config] = [
        route
        for endpoint in table.endpoints
        for target in endpoint.targets
        for route in _to_target(f"{endpoint.name}/{target.name}", target, settings)
    ]
    routes.append({"match": {"prefix": "/"}, "direct_response": {"status": 500}})
    filters = [lua_filter("targets", targets_lua(table, settings)), router()]
    hidden = [
        "x-anyport-span", "x-anyport-api", "x-anyport-stream", "x-anyport-target", "x-anyport-route",
        "x-anyport-caller", "x-anyport-request", "x-anyport-drill", "x-envoy-original-host", "x-forwarded-for", "x-forwarded-proto",
        "x-envoy-expected-rq-timeout-ms", "x-envoy-internal", "x-envoy-external-address",
    ]  # fmt: skip
    return {
        "name": INTERNAL,
        "internal_listener": {},
        "per_connection_buffer_limit_bytes": settings.largest_body_bytes,
        "filter_chains": [
            {
                "filters": [
                    manager(
                        # What breaks here is told to the front at once; nobody reads slowly on this side.
                        "targets", routes, filters, remove=hidden, closing_seconds=0.1,
                        stream_idle_timeout="0s", generate_request_id=False, local_reply_config=reply_format(at_targets=True),
                    )
                ]
            }
        ],
    }  # fmt: skip


def _to_target(name: str, target: TargetRoute, settings: GatewaySettings) -> list[Config]:
    """The routes to `endpoint/target`, by drill or not and by stream or not.

    Envoy counts silence from the request on, so what is no stream may be silent as long as its answer may take.
    """
    here = {"name": "x-anyport-target", "string_match": {"exact": name}}
    drilled = {"name": "x-anyport-drill", "present_match": True}
    streamed = {"name": "x-anyport-stream", "string_match": {"exact": "yes"}}
    clusters: list[tuple[str, list[Config]]] = [(name, [])]
    if settings.drill_key_file:
        clusters.insert(0, (drill_cluster(name), [drilled]))
    silences: list[tuple[float, list[Config]]] = [
        (max(settings.stream_idle_seconds, settings.answer_seconds), [])
    ]
    if settings.stream_idle_seconds < settings.answer_seconds:
        silences.insert(0, (settings.stream_idle_seconds, [streamed]))
    return [
        {
            "match": {"prefix": "/", "headers": [here, *of_cluster, *of_silence]},
            "route": {
                "cluster": cluster,
                "timeout": "0s",
                "idle_timeout": duration(silence),
                "host_rewrite_literal": authority(target),
            },
        }
        for cluster, of_cluster in clusters
        for silence, of_silence in silences
    ]


def _metrics(settings: GatewaySettings) -> Config:
    """Prometheus may read the metrics; nothing else of the admin interface can be reached from outside."""
    route = {
        "match": {"path": "/metrics"},
        "route": {"cluster": "admin", "prefix_rewrite": "/stats/prometheus"},
    }
    return {
        "name": "metrics",
        "address": _socket(settings.address, settings.metrics_port or 0),
        "filter_chains": [{"filters": [manager("metrics", [route], [router()])]}],
    }


def _admin_cluster(settings: GatewaySettings) -> Config:
    rows = [{"lb_endpoints": [{"endpoint": {"address": _socket("127.0.0.1", settings.admin_port)}}]}]
    return {
        "name": "admin",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {"cluster_name": "admin", "endpoints": rows},
    }
