"""Reads the catalog's YAML files into typed facts, once per process.

The files are written for people: what holds for a whole file (provider, collection date, usual source)
is said once at its top, and what is not known is left out. This module spreads that out again. `load` looks
only at files shipped with the package: no network, no cache on disk, no override by the user; `load_from` is
for comparing with another set of files (`anyport.catalog.folder`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml

from .models import FEATURES, Catalog, InstanceType, Model, Provider, Region

__all__ = ["CatalogError", "load", "load_from", "parts", "vllm_flags"]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_EVIDENCE = ("source", "collected_on", "doubtful", "note")

Row = dict[str, Any]


class CatalogError(ValueError):
    """A shipped data file is broken: a fault of the package, not of the user's spec."""


@lru_cache(maxsize=1)
def load() -> Catalog:
    """The catalog; the same object on every call, so treat it as read-only.

    Raises:
        CatalogError: a data file is not valid; names the file.
    """
    return load_from(files(__package__) / "data")


def load_from(data: Traversable) -> Catalog:
    """The catalog of a folder of data files, read anew.

    Raises:
        CatalogError: a data file is not valid; names the file.
    """
    models = {m.name: m for m in _each(data / "models", _model)}
    providers = {p.name: p for p in _each(data / "providers", _provider)}
    regions = dict(_each(data / "regions", _regions))
    instances = _read(data / "instances.yaml", _instances)
    return Catalog.model_construct(
        models=models,
        providers=providers,
        regions=regions,
        instances=instances,
        collected_on=min(_dates(models, providers, regions, instances)),
    )


@lru_cache(maxsize=1)
def vllm_flags() -> tuple[str, ...]:
    """The long options of `vllm serve`, of the version that the file names; short aliases are not among them."""
    text = (files(__package__) / "data" / "vllm_serve_flags.txt").read_text("utf-8")
    return tuple(line for line in text.splitlines() if line.startswith("--"))


def _each(folder: Traversable, build: Any) -> Iterator[Any]:
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".yaml"):
            yield _read(file, build)


def _read(file: Traversable, build: Any) -> Any:
    try:
        return build(yaml.load(file.read_text("utf-8"), Loader=_Loader))  # noqa: S506  # a safe loader
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CatalogError(f"catalog file {file.name} is broken: {error}") from error


def _with_evidence(row: Row, file: Row) -> Row:
    """Move a row's evidence keys into `evidence`, taking from the file's top what the row leaves out."""
    fact = {key: value for key, value in row.items() if key not in _EVIDENCE}
    shared = {key: file[key] for key in ("source", "collected_on") if key in file}
    return {**fact, "evidence": {**shared, **{key: row[key] for key in _EVIDENCE if key in row}}}


def _model(file: Row) -> Model:
    chat = file["kind"] == "chat"
    offers = {name: _offer(name, row, chat, file) for name, row in file["offers"].items()}
    facts = {key: value for key, value in file.items() if key not in ("offers", "collected_on")}
    return Model.model_validate({**facts, "offers": offers})


def _offer(provider: str, row: Row, chat: bool, file: Row) -> Row:
    servings = [{"kind": kind} if isinstance(kind, str) else kind for kind in row.get("servings", [])]
    known = {"streaming": chat, **row.get("features", {})}
    offer = {
        "model_id": None,
        **row,
        "provider": provider,
        "servings": servings,
        "features": {**dict.fromkeys(FEATURES), **known},
    }
    if "retires_on" in row:
        offer.setdefault("retires_servings", [serving["kind"] for serving in servings])
    return _with_evidence(offer, file)


def _provider(file: Row) -> Provider:
    kinds = {name: {"name": name, **kind} for name, kind in file["kinds"].items()}
    apis = [_with_evidence(row, file) for row in file.get("api_versions", ())]
    zones = {
        name: _with_evidence({"name": name, **row}, file) for name, row in file.get("data_zones", {}).items()
    }
    provider = {**file, "kinds": kinds, "api_versions": apis, "data_zones": zones}
    return Provider.model_validate(_with_evidence(provider, file))


def _regions(file: Row) -> tuple[str, dict[str, Region]]:
    provider = file["provider"]
    rows = {
        name: Region.model_validate(_with_evidence({**row, "provider": provider, "name": name}, file))
        for name, row in file["regions"].items()
    }
    return provider, rows


def _instances(file: Row) -> dict[str, InstanceType]:
    return {
        name: InstanceType.model_validate(_with_evidence({**row, "name": name}, file))
        for name, row in file["instances"].items()
    }


parts: dict[str, Callable[[Row], Any]] = {
    "models": _model,
    "providers": _provider,
    "regions": _regions,
    "instances": _instances,
}
"""How a file of each part is read; may raise ValueError, KeyError, TypeError or AttributeError."""


def _dates(
    models: dict[str, Model],
    providers: dict[str, Provider],
    regions: dict[str, dict[str, Region]],
    instances: dict[str, InstanceType],
) -> Iterator[date]:
    for model in models.values():
        yield from (offer.evidence.collected_on for offer in model.offers.values())
    for provider in providers.values():
        yield provider.evidence.collected_on
        yield from (one.evidence.collected_on for one in provider.api_versions)
        yield from (zone.evidence.collected_on for zone in provider.data_zones.values())
    for of_provider in regions.values():
        yield from (region.evidence.collected_on for region in of_provider.values())
    yield from (instance.evidence.collected_on for instance in instances.values())
