"""The clusters that lead to the targets themselves: address, TLS, credentials."""

from __future__ import annotations

import ipaddress

from .envoy_parts import Config, duration, extension, http_options, no_breakers
from .routes import RouteTable, TargetRoute
from .settings import GatewaySettings, host_and_port

__all__ = ["authority", "drill_cluster", "secret_file", "target_clusters"]


def target_clusters(table: RouteTable, settings: GatewaySettings) -> list[Config]:
    """One cluster per target of every endpoint, named `endpoint/target`.

    With a drill key each has a twin for drills, which differs in its name only: what a drill makes a fallback serve is
    in no metric that an alert looks at.
    """
    found = []
    for endpoint in table.endpoints:
        for target in endpoint.targets:
            found.append(_cluster(endpoint.name, target, settings))
            if settings.drill_key_file:
                twin = _cluster(endpoint.name, target, settings)
                stat = f"drill_{endpoint.name}_{target.name}"
                found.append({**twin, "name": drill_cluster(twin["name"]), "alt_stat_name": stat})
    return found


def drill_cluster(name: str) -> str:
    """Name of the twin of the cluster `endpoint/target`."""
    return f"drill:{name}"


def authority(target: TargetRoute) -> str:
    """What the Host header of a request to it says: the port only where it is not the scheme's own."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == (443 if target.tls else 80) else f"{host}:{target.port}"


def secret_file(endpoint: str, target: str) -> str:
    """Name of the file that holds a target's credential."""
    return f"{endpoint}.{target}.yaml"


def _cluster(endpoint: str, target: TargetRoute, settings: GatewaySettings) -> Config:
    name = f"{endpoint}/{target.name}"
    given = settings.addresses.get(target.host)
    host, port = host_and_port(given) if given else (target.host, target.port)
    address = {"socket_address": {"address": host, "port_value": port}}
    cluster: Config = {
        "name": name,
        "alt_stat_name": f"target_{endpoint}_{target.name}",
        "type": "STATIC" if given else "LOGICAL_DNS",
        "connect_timeout": duration(settings.connect_seconds),
        "per_connection_buffer_limit_bytes": settings.largest_body_bytes,
        "circuit_breakers": no_breakers(),
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        "typed_extension_protocol_options": http_options([_credential(endpoint, target, settings)]),
    }
    if target.tls:
        cluster["transport_socket"] = _tls(target, settings)
    if not given:
        cluster["dns_lookup_family"] = "V4_PREFERRED"
    return cluster


def _tls(target: TargetRoute, settings: GatewaySettings) -> Config:
    """The certificate must be for the host of the contract, a name or an address, wherever the connection goes."""
    address = _ip(target.host)
    name = {"san_type": "IP_ADDRESS" if address else "DNS", "matcher": {"exact": address or target.host}}
    return extension(
        "envoy.transport_sockets.tls",
        "transport_sockets.tls.v3.UpstreamTlsContext",
        # There is no server name that is an address (RFC 6066, section 3).
        **({} if address else {"sni": target.host}),
        common_tls_context={
            "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
            "validation_context": {
                "trusted_ca": {"filename": settings.ca_file},
                "match_typed_subject_alt_names": [name],
            },
        },
    )


def _ip(host: str) -> str | None:
    """The address in its shortest form, which is how Envoy reads a certificate's; None for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _credential(endpoint: str, target: TargetRoute, settings: GatewaySettings) -> Config:
    """The target's own credential, from its file, in the place of whatever the caller sent."""
    name = f"{endpoint}.{target.name}"
    source = {
        "path_config_source": {
            "path": f"{settings.secrets_dir}/{secret_file(endpoint, target.name)}",
            "watched_directory": {"path": settings.secrets_dir},
        },
        "resource_api_version": "V3",
    }
    return extension(
        "envoy.filters.http.credential_injector",
        "filters.http.credential_injector.v3.CredentialInjector",
        overwrite=True,
        allow_request_without_credential=False,
        credential=extension(
            "envoy.http.injected_credentials.generic",
            "http.injected_credentials.generic.v3.Generic",
            credential={"name": name, "sds_config": source},
        ),
    )
