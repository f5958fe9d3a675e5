"""Which rows of a cloud's list are about an offer of the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..catalog import Catalog, Offer
from .google import name_of
from .questions import Listed

__all__ = ["PROVISIONED", "covers", "ids_of", "listed_as", "publishers"]

PROVISIONED = frozenset({"ptu", "datazone_ptu", "global_ptu"})
_MANAGED = ("maas", "gemini")


def covers(kinds: Iterable[str], kind: str) -> bool:
    """Whether some kinds of the catalog include a kind of a list: there `ptu` says any provisioned kind."""
    held = tuple(kinds)
    return kind in held or (kind in PROVISIONED and "ptu" in held)


def ids_of(offer: Offer) -> tuple[str, ...]:
    """Ids that a list can hold. Google lists no Hugging Face ids, which Model Garden deploys too."""
    if offer.provider != "vertex_ai":
        return (offer.model_id,) if offer.model_id else ()
    ids = [offer.model_id_for(kind) for kind in offer.kinds if kind in _MANAGED]
    ids += [
        found for kind in offer.kinds if (found := offer.model_id_for(kind) or "").startswith("publishers/")
    ]
    if not offer.kinds:
        ids.append(offer.model_id)
    return tuple(dict.fromkeys(found for found in ids if found))


def listed_as(row: Listed, model_id: str) -> bool:
    """Whether the row is that model, of whatever version the catalog or the id does not pin."""
    if row.provider != "vertex_ai":
        return row.model_id == model_id
    wanted = name_of(model_id)
    if wanted is None:
        return False
    publisher, name, version = wanted
    return row.model_id == f"{publisher}/{name}" and (version is None or version == row.version)


def publishers(catalog: Catalog) -> Iterator[str]:
    """Publishers whose lists hold the catalog's Vertex AI models, in order, each once."""
    found = {
        name[0]
        for model in catalog.models.values()
        if (offer := model.offers.get("vertex_ai"))
        for model_id in ids_of(offer)
        if (name := name_of(model_id))
    }
    yield from sorted(found)
