"""Rule cases as data, and a small fixed catalog so that renewed facts do not move expected words.

A case either holds `facts` in full, or names a base of `bases/` and what to change in it:

    why: what the case shows
    base: endpoint            # or stack, for rules over the stack
    set: {targets.azure.reach: global}      # paths; lists are entered by `name`, `urn` or number
    add: [{urn: …, type: …, under: …, props: {…}}]      # further resources of a stack
    parameters: {days: 30}    # of the rule
    waiver: {reason: …}       # the rule is waived at the endpoint
    expect: []                # findings, without what the rule itself says

`DROP` as a value removes the key, `UNKNOWN` is a value that a preview does not know.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from anyport.catalog import Catalog, DeploymentKind, Evidence, Model, Offer, Provider, Region, Serving
from anyport.source import Source
from anyport_policies.config import PolicyConfig
from anyport_policies.engine import Finding, evaluate, evaluate_stack
from anyport_policies.facts import from_mapping
from anyport_policies.rule import Rule
from anyport_policies.stack_facts import ResourceFacts, StackFacts
from anyport_policies.waivers import apply_waivers, parse_waivers

FOLDER = Path(__file__).parent / "rules"
BASES = Path(__file__).parent / "bases"
KINDS = ("good", "bad", "unknown", "waived")
EVIDENCE = Evidence(source="test", collected_on=date(2026, 11, 1))
KEYS = {"why", "facts", "base", "set", "add", "parameters", "waiver", "expect"}
UNKNOWN = object()
WAIVER = {
    "endpoint": "chat",
    "reason": "agreed until the next landing zone is there",
    "owner": "ai-platform",
    "ticket": "PLAT-1",
    "category": "waiver",
    "granted": date(2026, 11, 1),
    "expires": date(2027, 1, 30),
}


@dataclass(frozen=True)
class Case:
    """`facts` are those of an endpoint, or the resources of a stack."""

    rule_id: str
    name: str
    why: str
    facts: Any
    parameters: dict[str, Any]
    waiver: dict[str, Any] | None
    expect: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        return self.name.split("_")[0]

    def findings(self, rule: Rule, today: date) -> tuple[Finding, ...]:
        """What the rule finds, with the case's parameters and waiver."""
        config = PolicyConfig(values={rule.slug: self.parameters})
        if isinstance(self.facts, list):
            stack = stack_of(self.facts)
            tiers = {
                one.props["facts"].get("name", one.name): one.props["facts"].get("tier")
                for one in stack.endpoints
                if isinstance(one.props.get("facts"), dict)
            }
            found = evaluate_stack(stack, tiers, [rule], today, config)
        else:
            found = evaluate([from_mapping(self.facts)], [rule], today, config)
        if self.waiver is None:
            return found
        said = {"waivers": [{**WAIVER, "rule": rule.id, **self.waiver}]}
        return apply_waivers(found, parse_waivers(said, Source("waivers.yaml"), [rule], today), today)


def stack_of(resources: list[dict[str, Any]]) -> StackFacts:
    return StackFacts(
        tuple(
            ResourceFacts(
                one["urn"],
                one["type"],
                one["urn"],
                one.get("under", ""),
                one.get("props", {}),
                one.get("region"),
            )
            for one in resources
        )
    )


@cache
def _base(name: str) -> Any:
    return yaml.safe_load((BASES / f"{name}.yaml").read_text())


def base(name: str) -> Any:
    """A fresh copy."""
    return copy.deepcopy(_base(name))


def changed(value: Any, changes: dict[Any, Any]) -> Any:
    """A copy of the value with the paths set; a path is text with dots, or a tuple."""
    value = copy.deepcopy(value)
    for path, new in changes.items():
        *way, last = path.split(".") if isinstance(path, str) else path
        place = value
        for step in way:
            place = place[_key(place, step)]
        key = _key(place, last)
        if new == "DROP":
            del place[key]
        else:
            place[key] = UNKNOWN if new == "UNKNOWN" else new
    return value


def _key(place: Any, step: str) -> Any:
    if isinstance(place, dict):
        return step
    if step.isdigit():
        return int(step)
    return next(i for i, one in enumerate(place) if step in (one.get("name"), one.get("urn")))


def read_case(path: Path) -> Case:
    raw = yaml.safe_load(path.read_text())
    assert {"why", "expect"} <= set(raw) <= KEYS, path
    facts = raw["facts"] if "facts" in raw else changed(base(raw["base"]), raw.get("set", {}))
    if "add" in raw:
        facts = [*facts, *raw["add"]]
    return Case(
        path.parent.name,
        path.stem,
        raw["why"],
        facts,
        raw.get("parameters", {}),
        raw.get("waiver"),
        raw["expect"],
    )


def all_cases() -> list[Case]:
    return [read_case(path) for path in sorted(FOLDER.glob("*/*.yaml"))]


def _provider(name: str, operator: str, auth: Any, **kinds: Any) -> Provider:
    made = {
        k: DeploymentKind(name=k, title=k, reach=reach, billing="per_token") for k, reach in kinds.items()
    }
    return Provider(
        name=name, title=name, operator=operator, auth=auth, docs="x", kinds=made, evidence=EVIDENCE
    )


def _region(provider: str, name: str, domain: str, geography: str, status: Any = "general") -> Region:
    return Region(
        provider=provider,
        name=name,
        place=name,
        failure_domain=domain,
        geography=geography,
        status=status,
        evidence=EVIDENCE,
    )


def _offer(provider: str, kinds: str, **more: Any) -> Offer:
    servings = tuple(Serving(kind=kind) for kind in kinds.split())
    return Offer(provider=provider, model_id="m", servings=servings, features={}, evidence=EVIDENCE, **more)


def small_catalog() -> Catalog:
    providers = [
        _provider(
            "azure_openai", "Microsoft", "entra_token", standard="regional", datazone="data_zone", **{"global": "global"}
        ),
        _provider("vertex_ai", "Google", "google_token", maas="regional", model_garden="regional"),
        _provider("oci_generative_ai", "Oracle", "oci_api_key", on_demand="regional"),
    ]  # fmt: skip
    regions = [
        _region("azure_openai", "eastus2", "us-virginia", "us"),
        _region("azure_openai", "southcentralus", "us-texas", "us"),
        _region("azure_openai", "swedencentral", "se-gavle", "eu"),
        _region("vertex_ai", "global", "none", "none"),
        _region("vertex_ai", "us-reserved", "us-nowhere", "us", "dedicated"),
        _region("vertex_ai", "us-central1", "us-iowa", "us"),
        _region("vertex_ai", "europe-west4", "nl", "eu"),
        _region("oci_generative_ai", "us-chicago-1", "us-illinois", "us"),
    ]
    offers = {
        "open": [
            _offer("azure_openai", ""),
            _offer("vertex_ai", "maas", regions=("us-central1", "europe-west4")),
            _offer("oci_generative_ai", "on_demand", regions=("us-chicago-1",)),
        ],
        "closed": [
            _offer("vertex_ai", "maas model_garden", retires_on=date(2027, 1, 1), retires_servings=("maas",)),
            _offer("oci_generative_ai", "on_demand", passes_to="vertex_ai"),
        ],
        "wide": [_offer("azure_openai", "global")],
    }
    models = {
        name: Model(name=name, title=name, owner="x", kind="chat", offers={o.provider: o for o in found})
        for name, found in offers.items()
    }
    by_provider: dict[str, dict[str, Region]] = {}
    for region in regions:
        by_provider.setdefault(region.provider, {})[region.name] = region
    return Catalog(
        models=models,
        providers={p.name: p for p in providers},
        regions=by_provider,
        instances={},
        collected_on=date(2026, 11, 1),
    )
