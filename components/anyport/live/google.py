"""Google: models of a publisher in Model Garden, and quotas of a project for Vertex AI.

Sources: the API document aiplatform v1beta1 of google-api-python-client 2.202.0 (`publishers.models.list`), and the
Cloud Quotas reference, REST resource `quotaInfos` v1 (cloud.google.com/docs/quotas/reference/rest), read 2026-11-25.
The list of models names no regions, no retirement dates and no way of serving. Quotas name their most, never how
much is taken: that is in Cloud Monitoring, which is not asked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from .failure import failed
from .http import Page
from .paging import Call, Shape, items_at
from .questions import Answer, Item, Listed, Question, Quota, number, objects, words

__all__ = ["SERVICE", "SHAPES", "base", "first", "limit_of", "models", "name_of", "rates", "read", "source"]

SERVICE = "aiplatform.googleapis.com"
_NAME = re.compile(r"publishers/([^/@]+)/models/([^/@]+)(?:@(.+))?")
_SHORT = re.compile(r"([^/@]+)/([^/@]+)(?:@(.+))?")
_STATUS = {"GA": "ga", "PUBLIC_PREVIEW": "preview", "PRIVATE_PREVIEW": "preview", "EXPERIMENTAL": "preview"}
_PAGE = "100"

SHAPES: Mapping[str, Shape] = {
    "models": {
        "name": None, "versionId": None, "launchStage": None, "versionState": None, "openSourceCategory": None,
        "publisherModelTemplate": None,
    },
    "quota": {
        "quotaId": None, "metric": None, "metricUnit": None, "refreshInterval": None, "isFixed": None,
        "dimensions": None, "quotaIncreaseEligibility": {"isEligible": None, "ineligibilityReason": None},
        "dimensionsInfos": {
            "dimensions": {"region": None, "base_model": None, "model": None, "zone": None},
            "details": {"value": None}, "applicableLocations": None,
        },
    },
}  # fmt: skip


def base(question: Question) -> str:
    """Google's hosts; the two listings are of two services."""
    return (
        "https://aiplatform.googleapis.com"
        if question.what == "models"
        else "https://cloudquotas.googleapis.com"
    )


def first(question: Question, at: str) -> Call:
    """The first page."""
    if question.what == "models":
        path = f"/v1beta1/publishers/{quote(question.place, safe='')}/models"
        return Call(at + path, {"pageSize": _PAGE, "listAllVersions": "true"})
    path = f"/v1/projects/{quote(question.scope, safe='')}/locations/global/services/{SERVICE}/quotaInfos"
    return Call(at + path, {"pageSize": _PAGE})


def read(asked: str, page: Page, call: Call) -> tuple[list[Item], Call | None]:
    """Items of a page and the next one. An empty list is left out by Google, so the key may be missing."""
    key = "publisherModels" if "/publishers/" in call.url else "quotaInfos"
    if page.body and key not in page.body and "nextPageToken" not in page.body:
        raise failed(
            "AP527", asked, f"the answer has no list {key!r}", fix="is this the cloud's own address?"
        )
    items = items_at(asked, page, key, required=False)
    token = page.body.get("nextPageToken")
    if not token:
        return items, None
    if not isinstance(token, str):
        raise failed("AP527", asked, "nextPageToken is no text")
    return items, Call(call.url, {**call.query, "pageToken": token})


def source(question: Question) -> str:
    """For a catalog row."""
    return (
        "Google publisher models list (v1beta1)" if question.what == "models" else "Google Cloud Quotas (v1)"
    )


def name_of(model_id: str) -> tuple[str, str, str | None] | None:
    """Publisher, model and version of an id; None for an id that is not Google's, such as one of Hugging Face.

    A managed id is `publisher/model`, one of Model Garden `publishers/publisher/models/model@version`.
    """
    found = _NAME.fullmatch(model_id) or _SHORT.fullmatch(model_id)
    return (found[1], found[2], found[3]) if found else None


def models(answer: Answer) -> tuple[Listed, ...]:
    """Models, one row per version.

    Raises:
        LiveError: AP527 a name of another form.
    """
    return tuple(_row(item, answer) for item in answer.items)


def _row(item: Item, answer: Answer) -> Listed:
    found = _NAME.fullmatch(words(item, "name") or "")
    if found is None:
        raise failed("AP527", str(answer.question), "a model has no name of the form publishers/…/models/…")
    return Listed(
        provider="vertex_ai",
        place=answer.question.place,
        model_id=f"{found[1]}/{found[2]}",
        version=words(item, "versionId") or found[3],
        status=_STATUS.get(words(item, "launchStage") or ""),  # type: ignore[arg-type]
    )


@dataclass(frozen=True, slots=True)
class _Value:
    region: str | None
    model: str | None
    value: float | None
    places: tuple[str, ...]

    def fits(self, region: str) -> bool:
        """Whether it holds in the region, as far as is told."""
        return self.region == region or (self.region is None and (not self.places or region in self.places))


def _values(info: Item) -> Iterator[_Value]:
    for entry in objects(info, "dimensionsInfos"):
        places = entry.get("applicableLocations")
        yield _Value(
            words(entry, "dimensions", "region"),
            words(entry, "dimensions", "base_model") or words(entry, "dimensions", "model"),
            number(entry, "details", "value"),
            tuple(one for one in places if isinstance(one, str)) if isinstance(places, list) else (),
        )


def limit_of(answer: Answer, quota_id: str, region: str) -> Quota | None:
    """The most of a quota in a region: the entry that names the region, else the one for all others."""
    for info in answer.items:
        if words(info, "quotaId") == quota_id:
            found = [value for value in _values(info) if value.fits(region)]
            found.sort(key=lambda value: value.region is None)
            if found:
                return Quota(quota_id, found[0].value, None, words(info, "metricUnit") or "")
    return None


def rates(answer: Answer, model: str, region: str) -> tuple[Quota, ...]:
    """Quotas per minute that name a model, in a region or for all; `unit` is `tokens`, `requests` or empty."""
    rows = []
    for info in answer.items:
        metric, quota_id = (words(info, "metric") or "").lower(), words(info, "quotaId")
        found = [v for v in _values(info) if v.model == model and v.fits(region)]
        if not found or not quota_id or "minute" not in (words(info, "refreshInterval") or "minute"):
            continue
        found.sort(key=lambda value: value.region is None)
        unit = "tokens" if "token" in metric else "requests" if "request" in metric else ""
        rows.append(Quota(quota_id, found[0].value, None, unit))
    return tuple(rows)
