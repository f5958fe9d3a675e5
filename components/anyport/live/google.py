"""Google: models of a publisher in Model Garden, and a project's API, quotas and their use for Vertex AI.

Sources: the API documents of google-api-python-client 2.202.0, aiplatform v1beta1 (`publishers.models.list`) and v1
(`publishers.models.get`, and the addresses of locations), serviceusage v1 (`services.get`), monitoring v3 (see
`google_usage`); and the Cloud Quotas reference, REST resource `quotaInfos` v1
(cloud.google.com/docs/quotas/reference/rest), read 2026-11-25. Models name no regions, no retirement dates and no way of
serving; one of them is asked for at the address of a region. Quotas name their most, and Monitoring how much is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from .failure import failed
from .google_usage import SHAPE, usage_query, usage_tidy, window
from .http import Page
from .paging import Call, Shape, items_at
from .questions import Answer, Item, Listed, Question, Quota, number, objects, words

__all__ = [
    "SERVICE", "SHAPES", "base", "dated", "enabled", "first", "limit_of", "metric_of", "models", "name_of", "rates",
    "read", "source", "stage_of", "tidy",
]  # fmt: skip

SERVICE = "aiplatform.googleapis.com"
_NAME = re.compile(r"publishers/([^/@]+)/models/([^/@]+)(?:@(.+))?")
_SHORT = re.compile(r"([^/@]+)/([^/@]+)(?:@(.+))?")
_STATUS = {"GA": "ga", "PUBLIC_PREVIEW": "preview", "PRIVATE_PREVIEW": "preview", "EXPERIMENTAL": "preview"}
_PAGE = "100"
_NO_ADDRESS = ("global", "us", "eu")
"""Locations that the API document has no address of the common form for; the service's own is asked then."""
_HOSTS = {
    "models": "https://aiplatform.googleapis.com", "model": "https://aiplatform.googleapis.com",
    "service": "https://serviceusage.googleapis.com", "quota": "https://cloudquotas.googleapis.com",
    "usage": "https://monitoring.googleapis.com",
}  # fmt: skip
_SOURCES = {
    "models": "Google publisher models list (v1beta1)", "model": "Google publisher model (v1)",
    "service": "Google Service Usage (v1)", "quota": "Google Cloud Quotas (v1)",
    "usage": "Google Cloud Monitoring (v3)",
}  # fmt: skip
_SINGLE = (
    (re.compile(r"/publishers/[^/]+/models/[^/]+$"), "name"), (re.compile(r"/projects/[^/]+/services/[^/]+$"), "state"),
)  # fmt: skip
"""End of an address that answers with one object → a key that it has."""
_LISTS = (("/publishers/", "publisherModels"), ("/timeSeries", "timeSeries"), ("/quotaInfos", "quotaInfos"))

SHAPES: Mapping[str, Shape] = {
    "models": {
        "name": None, "versionId": None, "launchStage": None, "versionState": None, "openSourceCategory": None,
        "publisherModelTemplate": None,
    },
    "model": {"name": None, "versionId": None, "launchStage": None, "versionState": None},
    "service": {"state": None},
    "usage": SHAPE,
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
    """Google's hosts: a service each, and for one model the address of its region."""
    if question.what == "model" and question.place not in _NO_ADDRESS:
        return f"https://{quote(question.place, safe='')}-{SERVICE}"
    return _HOSTS[question.what]


def first(question: Question, at: str) -> Call:
    """The first page."""
    if question.what == "models":
        path = f"/v1beta1/publishers/{quote(question.place, safe='')}/models"
        return Call(at + path, {"pageSize": _PAGE, "listAllVersions": "true"})
    if question.what == "model":
        publisher, _, model = question.detail.partition("/")
        return Call(f"{at}/v1/publishers/{quote(publisher, safe='')}/models/{quote(model, safe='@')}")
    project = quote(question.scope, safe="")
    if question.what == "service":
        return Call(f"{at}/v1/projects/{project}/services/{SERVICE}")
    if question.what == "usage":
        metric, _, base_model = question.detail.partition(" ")
        query = usage_query(SERVICE, metric, question.place, base_model)
        return Call(f"{at}/v3/projects/{project}/timeSeries", query)
    path = f"/v1/projects/{project}/locations/global/services/{SERVICE}/quotaInfos"
    return Call(at + path, {"pageSize": _PAGE})


def dated(question: Question, call: Call, today: date) -> Call:
    """The call with the days that it is about, where it is about any."""
    return Call(call.url, {**call.query, **window(today)}) if question.what == "usage" else call


def tidy(item: Item) -> Item:
    """Series are kept with one point."""
    return usage_tidy(item) if "points" in item else item


def read(asked: str, page: Page, call: Call) -> tuple[list[Item], Call | None]:
    """Items of a page and the next one. An empty list is left out by Google, so the key may be missing."""
    single = next((key for form, key in _SINGLE if form.search(call.url)), None)
    if single is not None:
        if not isinstance(page.body.get(single), str):
            raise failed(
                "AP527", asked, f"the answer has no {single}", fix="is this the cloud's own address?"
            )
        return [page.body], None
    key = next(key for form, key in _LISTS if form in call.url)
    if page.body.get("executionErrors"):
        raise failed("AP528", asked, "the cloud says itself that its answer may be incomplete")
    known = {key, "nextPageToken", "unit"}
    if page.body and not known & set(page.body):
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
    return _SOURCES[question.what]


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


def stage_of(answer: Answer) -> str:
    """Launch stage of one model, as Google writes it, such as `GA`; empty where it says none."""
    return words(answer.items[0] if answer.items else None, "launchStage") or ""


def enabled(answer: Answer) -> bool | None:
    """Whether the API is; None where Google does not say."""
    state = words(answer.items[0] if answer.items else None, "state")
    return {"ENABLED": True, "DISABLED": False}.get(state or "")


def metric_of(answer: Answer, quota_id: str) -> str | None:
    """The metric that a quota limits, with its service in front."""
    found = (words(info, "metric") for info in answer.items if words(info, "quotaId") == quota_id)
    return next(found, None)


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
    """Quotas per minute that name a model, in a region or for all.

    `unit` is `tokens`, `input tokens`, `output tokens`, `requests` or empty.
    """
    rows = []
    for info in answer.items:
        metric, quota_id = (words(info, "metric") or "").lower(), words(info, "quotaId")
        found = [v for v in _values(info) if v.model == model and v.fits(region)]
        if not found or not quota_id or "minute" not in (words(info, "refreshInterval") or "minute"):
            continue
        found.sort(key=lambda value: value.region is None)
        side = "input " if "input_token" in metric else "output " if "output_token" in metric else ""
        unit = f"{side}tokens" if "token" in metric else "requests" if "request" in metric else ""
        rows.append(Quota(quota_id, found[0].value, None, unit))
    return tuple(rows)
