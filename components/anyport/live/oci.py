"""Oracle: models of a region, and what a service limit leaves for a compartment.

Sources: oci Python SDK 2.189.0 (`generative_ai` ListModels of 20231130, `limits` getResourceAvailability of
20190729, and their model classes), read 2026-11-25. The display name of a pretrained model is taken for the id
that calls use, as Oracle's own examples do. How on-demand calls are limited is not published.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

from .azure import day_of
from .failure import failed
from .http import Page
from .paging import Call, Shape, items_at
from .questions import Answer, Item, Listed, Question, Quota, number, words

__all__ = ["SERVICE", "SHAPES", "base", "first", "limit_of_shape", "models", "quota", "read", "source"]

SERVICE = "generative-ai"
_H100 = re.compile(r"(?:[A-Z0-9]+_)?H100_X(\d+)")
_BY_SHAPE = {
    "SMALL_COHERE_V2": ("dedicated-unit-small-cohere-count", 1),
    "SMALL_COHERE_4": ("dedicated-unit-small-cohere-count", 4),
    "LARGE_COHERE_V2_2": ("dedicated-unit-large-cohere-count", 2),
    "LARGE_COHERE_V3": ("dedicated-unit-large-cohere-count", 1),
    "LARGE_GENERIC": ("dedicated-unit-llama2-70-count", 2),
}
"""Unit shape → limit and how much a hosting unit takes of it. Oracle's pages generative-ai/limitations.htm (Command R, R+,
Llama 3 and 3.1 70B) and cohere-command-a-03-2025.htm, in copies read 2026-11-26. Shapes that no page names stay unknown."""
_CHAT_OR_EMBEDDING = frozenset({"CHAT", "TEXT_GENERATION", "TEXT_EMBEDDINGS", "IMAGE_TEXT_TO_TEXT"})
SHAPES: Mapping[str, Shape] = {
    "models": {
        "displayName": None, "vendor": None, "version": None, "type": None, "capabilities": None,
        "lifecycleState": None, "timeDeprecated": None, "timeOnDemandRetired": None, "timeDedicatedRetired": None,
    },
    "limit": {
        "used": None, "available": None, "fractionalUsage": None, "fractionalAvailability": None,
        "effectiveQuotaValue": None,
    },
}  # fmt: skip


def base(question: Question) -> str:
    """Address in the commercial realm; others need `--endpoint`."""
    service = "generativeai" if question.what == "models" else "limits"
    return f"https://{service}.{question.place}.oci.oraclecloud.com"


def first(question: Question, at: str) -> Call:
    """The first page. A limit is one object and has no others."""
    if question.what == "models":
        return Call(f"{at}/20231130/models", {"compartmentId": question.scope, "limit": "100"})
    path = f"/20190729/services/{SERVICE}/limits/{quote(question.detail, safe='')}/resourceAvailability"
    return Call(at + path, {"compartmentId": question.scope})


def read(asked: str, page: Page, call: Call) -> tuple[list[Item], Call | None]:
    """Items of a page and the next one, which Oracle names in a header."""
    if call.url.endswith("/resourceAvailability"):
        if not {"available", "used", "fractionalAvailability", "effectiveQuotaValue"} & set(page.body):
            raise failed(
                "AP527", asked, "the answer tells no availability", fix="is this the cloud's own address?"
            )
        return [page.body], None
    following = page.headers.get("opc-next-page")
    items = items_at(asked, page, "items")
    return items, Call(call.url, {**call.query, "page": following}) if following else None


def source(question: Question) -> str:
    """For a catalog row."""
    if question.what == "models":
        return "Oracle models list (generative-ai 20231130)"
    return "Oracle resource availability (limits 20190729)"


def models(answer: Answer) -> tuple[Listed, ...]:
    """Pretrained models, one row per display name; the earliest day where versions of a name differ.

    Raises:
        LiveError: AP527 a model without a name.
    """
    groups: dict[str, list[Item]] = {}
    for item in answer.items:
        name = words(item, "displayName")
        if name is None:
            raise failed("AP527", str(answer.question), "a model has no displayName")
        if words(item, "type") == "CUSTOM" or not _answers_calls(item):
            continue
        groups.setdefault(name, []).append(item)
    return tuple(_row(name, items, answer) for name, items in groups.items())


def _answers_calls(item: Item) -> bool:
    """Whether it chats or embeds, as far as it says."""
    able = item.get("capabilities")
    told = {one for one in able if isinstance(one, str)} if isinstance(able, list) else set()
    return not told or bool(_CHAT_OR_EMBEDDING & told)


def _row(name: str, items: list[Item], answer: Answer) -> Listed:
    active = [item for item in items if words(item, "lifecycleState") == "ACTIVE"]
    ends = {
        kind: day
        for kind, key in (("on_demand", "timeOnDemandRetired"), ("dedicated", "timeDedicatedRetired"))
        if (day := _earliest(active or items, key))
    }
    closed = _earliest(active or items, "timeDeprecated")
    status = None if active else "retired"
    if active and closed and closed <= answer.collected_on:
        status = "deprecated"
    return Listed(
        provider="oci_generative_ai",
        place=answer.question.place,
        model_id=name,
        status=status,  # type: ignore[arg-type]
        retires=min(ends.values()) if ends else None,
        kind_retires=ends,
    )


def _earliest(items: list[Item], key: str) -> date | None:
    days = [day for item in items if (day := day_of(words(item, key)))]
    return min(days) if days else None


def quota(answer: Answer) -> Quota:
    """What a limit leaves. Oracle tells what is taken and what is available, and a quota of the compartment's own."""
    item = answer.items[0] if answer.items else {}
    used = number(item, "used") if number(item, "used") is not None else number(item, "fractionalUsage")
    left = number(item, "available")
    left = left if left is not None else number(item, "fractionalAvailability")
    whole = used + left if used is not None and left is not None else None
    return Quota(answer.question.detail, whole, used, "units")


def limit_of_shape(shape: str) -> tuple[str, int] | None:
    """Limit that one hosting unit of a shape takes from, and how much; None for a shape of which that is not known.

    H100: one `H100_X8` took 8 of `dedicated-unit-h100-count` (an error report of 2026-05-05). The others: Oracle's pages on
    models and their limitations ("Limit Name", "For Hosting, Request Limit Increase by"), see `_BY_SHAPE`.
    """
    found = _H100.fullmatch(shape)
    return ("dedicated-unit-h100-count", int(found[1])) if found else _BY_SHAPE.get(shape)
