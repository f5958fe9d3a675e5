"""Google: what is taken of a quota, as Cloud Monitoring has recorded it.

Sources: the API document monitoring v3 of google-api-python-client 2.202.0 (`projects.timeSeries.list`); Google's list of
metrics (`serviceruntime` quota/allocation/usage and `aiplatform` quota/…_per_base_model/usage), read 2026-11-26.

Two sorts of quota. What is allocated (GPUs) has a gauge per quota and location: its newest point is the use. What is a
rate has a count per minute: its largest minute within the window is the use. A rate that nobody used has no series at
all; whether that also holds for what was never allocated is not documented, so it is told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from .paging import Shape
from .questions import Answer, Item, number, objects, words

__all__ = ["DAYS", "SHAPE", "usage_query", "usage_tidy", "used", "window"]

DAYS = 2
"""Days before today that are looked at, so that a point which is written once a day is among them."""
_ALLOCATED = "serviceruntime.googleapis.com/quota/allocation/usage"
SHAPE: Shape = {
    "metric": {"type": None, "labels": {"quota_metric": None, "base_model": None}},
    "resource": {"labels": {"location": None}},
    "points": {"interval": {"endTime": None}, "value": {"int64Value": None, "doubleValue": None}},
}  # fmt: skip


def usage_query(service: str, metric: str, place: str, model: str) -> Mapping[str, str]:
    """The query for one quota in one location; with a model it is a rate.

    Args:
        service: such as `aiplatform.googleapis.com`.
        metric: of the quota, with the service in front.
        place: region, or `global`.
        model: base model of a rate; empty for what is allocated.
    """
    where = f'resource.labels.location="{place}"'
    if not model:
        of = f'resource.type="consumer_quota" AND resource.labels.service="{service}"'
        asked = f'metric.type="{_ALLOCATED}" AND {of} AND metric.labels.quota_metric="{metric}" AND {where}'
        return {"filter": asked, "view": "FULL"}
    kind = f"{service}/quota/{metric.rpartition('/')[2]}/usage"
    return {
        "filter": f'metric.type="{kind}" AND {where} AND metric.labels.base_model="{model}"',
        "view": "FULL",
        "aggregation.alignmentPeriod": "60s",
        "aggregation.perSeriesAligner": "ALIGN_DELTA",
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
    }


def window(today: date) -> Mapping[str, str]:
    """The days that are looked at: to the end of today, which for a reading may lie ahead."""
    return {
        "interval.startTime": f"{today - timedelta(days=DAYS)}T00:00:00Z",
        "interval.endTime": f"{today + timedelta(days=1)}T00:00:00Z",
    }


def usage_tidy(item: Item) -> Item:
    """The series with the one point that counts: thousands of minutes are of no use in a saved answer."""
    points = [point for point in objects(item, "points") if _value(point) is not None]
    if words(item, "metric", "type") == _ALLOCATED:
        kept = sorted(points, key=lambda point: words(point, "interval", "endTime") or "")[-1:]
    else:
        kept = sorted(points, key=lambda point: _value(point) or 0.0)[-1:]
    return {**item, "points": kept}


def _value(point: Any) -> float | None:
    found = number(point, "value", "int64Value")
    return found if found is not None else number(point, "value", "doubleValue")


def used(answer: Answer) -> float | None:
    """What is taken, over all series; None where none is recorded."""
    found = [
        value
        for item in answer.items
        for point in objects(item, "points")[:1]
        if (value := _value(point)) is not None
    ]
    return sum(found) if found else None
