"""Azure OpenAI options that cannot work together, found before any engine runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ...catalog import load, processed_in
from ..options import OptionsContext, Refusal
from .fields import AzureOpenaiOptions
from .groups import DNS_ZONES, Diagnostics, Spillover
from .kinds import PROVISIONED, REACH

__all__ = ["refuse"]


def refuse(context: OptionsContext) -> Iterable[Refusal]:
    """Everything wrong between options, each with what to write instead."""
    options = context.options
    if not isinstance(options, AzureOpenaiOptions):
        return
    yield from _capacity(options, context)
    yield from _network(options)
    yield from _private(options)
    yield from _people(options)
    if options.diagnostics is not None:
        yield from _sinks(options.diagnostics)


def _capacity(options: AzureOpenaiOptions, context: OptionsContext) -> Iterator[Refusal]:
    provisioned = context.kind in PROVISIONED
    if provisioned and options.capacity is None:
        yield Refusal(
            ("capacity",),
            f"{context.kind} is bought in provisioned units, which traffic does not tell",
            "write the number of PTUs that Azure's calculator gives",
            code="AP303",
        )
    if provisioned and options.version_upgrade != "never":
        yield Refusal(
            ("version_upgrade",),
            f"Azure upgrades pay-per-token deployments by itself, not {context.kind}",
            "write version_upgrade: never, or a pay-per-token deployment_kind",
        )
    if options.spillover is None:
        return
    if not provisioned:
        yield Refusal(
            ("spillover",),
            f"only a provisioned deployment spills over; this one is {context.kind}",
            "write deployment_kind: ptu, datazone_ptu or global_ptu, or remove spillover",
        )
        return
    yield from _spilled(options.spillover, context)


def _spilled(asked: Spillover, context: OptionsContext) -> Iterator[Refusal]:
    """A spillover is a second deployment of the same model in the same region: it must be on offer, too."""
    kind, catalog = asked.deployment_kind, load()
    offer = catalog.offer(context.model, "azure_openai")
    if offer is not None and offer.kinds and kind not in offer.kinds:
        yield Refusal(
            ("spillover", "deployment_kind"),
            f"{context.model} is not offered as {kind}; offered: {', '.join(offer.kinds)}",
            "write one of the pay-per-token kinds that are offered, or remove spillover",
            code="AP210",
        )
    elif not processed_in(catalog, "azure_openai", context.region, kind):
        yield Refusal(
            ("spillover", "deployment_kind"),
            f"{kind} answers within a data zone, and none is on record that {context.region} lies in",
            "write another spillover.deployment_kind, or remove spillover",
            code="AP210",
        )
    elif context.residency and REACH[kind] > REACH[context.kind]:
        yield Refusal(
            ("spillover", "deployment_kind"),
            f"spilled calls would travel further ({kind}) than {context.kind} lets "
            f"them, but the endpoint's residency is {', '.join(context.residency)}",
            "write a spillover.deployment_kind of the same reach",
        )


def _network(options: AzureOpenaiOptions) -> Iterator[Refusal]:
    public = options.public_network_access
    if public is None:
        public = options.private_access is None
    if options.allowed_ips and not public:
        yield Refusal(
            ("allowed_ips",),
            "no public address can call an account that is off the public network",
            "write public_network_access: true, or remove allowed_ips",
        )
    if not public and options.private_access is None:
        yield Refusal(
            ("public_network_access",),
            "nobody could call an account without a public or a private address",
            "add private_access, or write public_network_access: true",
        )
    if options.trusted_azure_services and public and not options.allowed_ips:
        yield Refusal(
            ("trusted_azure_services",),
            "an account that lets everybody in has no rule for trusted services to pass",
            "add allowed_ips, or remove trusted_azure_services",
        )
    if options.allowed_outbound_hosts and not options.restrict_outbound:
        yield Refusal(
            ("allowed_outbound_hosts",),
            "a list of hosts does nothing while all are allowed",
            "write restrict_outbound: true, or remove allowed_outbound_hosts",
        )


def _private(options: AzureOpenaiOptions) -> Iterator[Refusal]:
    private = options.private_access
    if private is None:
        return
    names = sorted(zone.rpartition("/")[2] for zone in private.zone_ids)
    if private.dns == "existing" and names != sorted(DNS_ZONES):
        yield Refusal(
            ("private_access", "zone_ids"),
            "an AIServices account is called by three names, each in a zone of its own",
            f"write the ids of {', '.join(DNS_ZONES)}",
        )
    if private.dns != "existing" and private.zone_ids:
        yield Refusal(
            ("private_access", "zone_ids"),
            f"zone_ids are not used with dns: {private.dns}",
            "write dns: existing, or remove zone_ids",
        )


def _people(options: AzureOpenaiOptions) -> Iterator[Refusal]:
    pairs = Counter((caller.principal_id.lower(), caller.role) for caller in options.callers)
    for (principal, _), number in pairs.items():
        if number > 1:
            yield Refusal(("callers",), f"{principal} is named {number} times with one role", "name it once")
    federations: dict[str, list[str]] = {
        "name": [one.name.lower() for one in options.workload_identity],
        "issuer and subject": [f"{one.issuer} {one.subject}" for one in options.workload_identity],
    }
    for key, values in federations.items():
        if len(set(values)) < len(values):
            yield Refusal(
                ("workload_identity",),
                f"two workloads have the same {key}",
                f"give each its own {key}",
            )


def _sinks(asked: Diagnostics) -> Iterator[Refusal]:
    if not (asked.workspace_id or asked.storage_account_id or asked.event_hub_rule_id):
        yield Refusal(
            ("diagnostics",),
            "logs need somewhere to go",
            "write workspace_id, storage_account_id or event_hub_rule_id",
        )
    if asked.event_hub_name and not asked.event_hub_rule_id:
        yield Refusal(
            ("diagnostics", "event_hub_name"),
            "an event hub is reached through an authorization rule",
            "add event_hub_rule_id",
        )
