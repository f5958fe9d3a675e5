"""Azure: models of a location and usages of a subscription there, through Azure Resource Manager.

Sources: azure-mgmt-cognitiveservices 14.1.0 (`models` and `usages` operations, api-version 2025-09-01, its models
and enums), read 2026-11-25. Quota names are `OpenAI.{sku}.{model}` by Microsoft's documentation; a listing names
its own with `usageName`, which is taken where it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from .failure import failed
from .http import Page
from .paging import Call, Shape, items_at
from .questions import Answer, Item, Listed, Question, Quota, number, objects, words

__all__ = [
    "API_VERSION",
    "KIND_OF_SKU",
    "SHAPES",
    "base",
    "day_of",
    "first",
    "models",
    "quotas",
    "read",
    "source",
]

API_VERSION = "2025-09-01"
KIND_OF_SKU = {
    "Standard": "standard",
    "DataZoneStandard": "datazone",
    "GlobalStandard": "global",
    "ProvisionedManaged": "ptu",
    "DataZoneProvisionedManaged": "datazone_ptu",
    "GlobalProvisionedManaged": "global_ptu",
}
"""SKUs that answer calls; batch and developer SKUs are left out."""
_STATUS: Mapping[str, str] = {
    "stable": "ga",
    "generallyavailable": "ga",
    "preview": "preview",
    "deprecating": "deprecated",
    "deprecated": "retired",
}
"""Azure's `Deprecating` closes a model to new customers; its `Deprecated` says that calls are answered with 410."""

SHAPES: Mapping[str, Shape] = {
    "models": {
        "kind": None,
        "model": {
            "format": None, "name": None, "version": None, "isDefaultVersion": None, "lifecycleStatus": None,
            "deprecation": {"inference": None, "deprecationStatus": None},
            "replacementConfig": {"targetModelName": None, "targetModelVersion": None},
            "skus": {
                "name": None, "usageName": None, "deprecationDate": None,
                "capacity": {"minimum": None, "maximum": None, "step": None, "default": None},
            },
        },
    },
    "quota": {"name": {"value": None}, "unit": None, "limit": None, "currentValue": None, "status": None},
}  # fmt: skip


def base(question: Question) -> str:
    """Address of the public cloud."""
    del question
    return "https://management.azure.com"


def first(question: Question, at: str) -> Call:
    """The first page."""
    listing = "models" if question.what == "models" else "usages"
    return Call(
        f"{at}/subscriptions/{quote(question.scope, safe='')}/providers/Microsoft.CognitiveServices/locations/"
        f"{quote(question.place, safe='')}/{listing}",
        {"api-version": API_VERSION},
    )


def read(asked: str, page: Page, call: Call) -> tuple[list[Item], Call | None]:
    """Items of a page and the next one: Azure gives its whole address, with the query."""
    del call
    link = page.body.get("nextLink")
    if not link:
        return items_at(asked, page, "value"), None
    if not isinstance(link, str):
        raise failed("AP527", asked, "nextLink is no text")
    parts = urlsplit(link)
    following = Call(urlunsplit((*parts[:3], "", "")), dict(parse_qsl(parts.query, keep_blank_values=True)))
    return items_at(asked, page, "value"), following


def source(question: Question) -> str:
    """For a catalog row."""
    listing = "models" if question.what == "models" else "usages"
    return f"Azure {listing} list (ARM {API_VERSION})"


def day_of(text: str | None) -> date | None:
    """The day of an ISO time; None for none, and for the zero times that services write for "not set"."""
    try:
        found = date.fromisoformat((text or "")[:10])
    except ValueError:
        return None
    return found if found.year >= 2015 else None


def models(answer: Answer) -> tuple[Listed, ...]:
    """Models, one row per format, name and version: an account kind of its own makes no row of its own.

    Raises:
        LiveError: AP527 an item has no model name.
    """
    rows: dict[tuple[str | None, str, str | None], Listed] = {}
    for item in answer.items:
        name = words(item, "model", "name")
        if name is None:
            raise failed("AP527", str(answer.question), "a model has no name")
        row = _row(item["model"], name, answer.question.place)
        key = (row.format, name, row.version)
        rows[key] = _merged(rows[key], row) if key in rows else row
    return tuple(rows.values())


def _row(model: Item, name: str, place: str) -> Listed:
    known = {
        KIND_OF_SKU[text]: sku
        for sku in objects(model, "skus")
        if (text := words(sku, "name")) in KIND_OF_SKU and text
    }
    ends = {kind: day for kind, sku in known.items() if (day := day_of(words(sku, "deprecationDate")))}
    whole = day_of(words(model, "deprecation", "inference"))
    ends = {kind: min(d for d in (ends.get(kind), whole) if d) for kind in known if ends.get(kind) or whole}
    days = [day for day in (whole, *ends.values()) if day]
    status = _STATUS.get((words(model, "lifecycleStatus") or "").lower())
    return Listed(
        provider="azure_openai",
        place=place,
        model_id=name,
        version=words(model, "version"),
        format=words(model, "format"),
        kinds=tuple(kind for kind in KIND_OF_SKU.values() if kind in known),
        status=status,  # type: ignore[arg-type]
        retires=min(days) if days else None,
        kind_retires=ends,
        firm=(words(model, "deprecation", "deprecationStatus") or "").lower() != "tentative",
        default_version=model.get("isDefaultVersion") is True,
        usage_names={kind: text for kind, sku in known.items() if (text := words(sku, "usageName"))},
        steps={kind: _steps(sku) for kind, sku in known.items()},
    )


def _steps(sku: Item) -> tuple[int | None, int | None, int | None]:
    least, most, step = (number(sku, "capacity", key) for key in ("minimum", "maximum", "step"))
    return tuple(None if found is None else int(found) for found in (least, most, step))  # type: ignore[return-value]


def _merged(one: Listed, other: Listed) -> Listed:
    """Both account kinds together: what any of them offers, and the earlier day."""
    days = [day for day in (one.retires, other.retires) if day]
    ends = {**one.kind_retires}
    for kind, day in other.kind_retires.items():
        ends[kind] = min(day, ends.get(kind, day))
    return Listed(
        provider=one.provider,
        place=one.place,
        model_id=one.model_id,
        version=one.version,
        format=one.format,
        kinds=tuple(kind for kind in KIND_OF_SKU.values() if kind in one.kinds + other.kinds),
        status=one.status or other.status,
        retires=min(days) if days else None,
        kind_retires=ends,
        firm=one.firm and other.firm,
        default_version=one.default_version or other.default_version,
        usage_names={**other.usage_names, **one.usage_names},
        steps={**other.steps, **one.steps},
    )


def quotas(answer: Answer) -> tuple[Quota, ...]:
    """Quotas of the subscription in the location."""
    return tuple(
        Quota(name, number(item, "limit"), number(item, "currentValue"), words(item, "unit") or "")
        for item in answer.items
        if (name := words(item, "name", "value"))
    )
