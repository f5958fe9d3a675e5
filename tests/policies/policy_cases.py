"""Rule cases as data, and a small fixed catalog so that renewed facts do not move expected words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from anyport.catalog import Catalog, DeploymentKind, Evidence, Model, Offer, Provider, Region, Serving

FOLDER = Path(__file__).parent / "rules"
KINDS = ("good", "bad", "unknown")
EVIDENCE = Evidence(source="test", collected_on=date(2026, 11, 1))


@dataclass(frozen=True)
class Case:
    rule_id: str
    name: str
    facts: Any
    expect: list[dict[str, Any]]

    @property
    def kind(self) -> str:
        return self.name.split("_")[0]


def all_cases() -> list[Case]:
    found = []
    for path in sorted(FOLDER.glob("*/*.yaml")):
        raw = yaml.safe_load(path.read_text())
        assert set(raw) == {"why", "facts", "expect"}, path
        found.append(Case(path.parent.name, path.stem, raw["facts"], raw["expect"]))
    return found


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
