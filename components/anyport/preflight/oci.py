"""What Oracle's listings say of a target: the model of a region, and units of a dedicated cluster.

How on-demand calls are limited is not published and nothing lists it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ..live.asker import Asker
from ..live.failure import LiveError
from ..live.oci import limit_of_shape, models, quota
from ..live.questions import Listed, Question
from .azure import SOON_DAYS
from .model import Checked, Need, Row, Subject, unanswered

__all__ = ["judge"]

_FORM = "https://cloud.oracle.com/limits (Request a service limit increase: Generative AI, {region}, {limit}, NEEDED)"


def judge(checked: Checked, asker: Asker) -> None:
    """Add rows and needs of a target. Raises LiveError where its quota cannot be had."""
    subject = checked.subject
    try:
        checked.rows.append(_offered(subject, asker))
    except LiveError as error:
        checked.rows.append(unanswered(subject, "offered", error))
    if subject.target.deployment_kind == "on_demand":
        text = "limits of on-demand calls are not published; the region may answer 429 at any load"
        checked.rows.append(subject.row("quota", "WARN", text))
    else:
        _units(subject, asker, checked)


def _offered(subject: Subject, asker: Asker) -> Row:
    target, options = subject.target, subject.target.options
    if getattr(options, "imported_model", None):
        return subject.row("offered", "WARN", "weights of your own are imported, which no list holds")
    answer = asker.ask(Question("oci_generative_ai", "models", target.region, scope=subject.scope))
    found = [row for row in models(answer) if row.model_id == target.model_id]
    if not found:
        return subject.row("offered", "FAIL", f"{target.model_id} is not listed in {target.region}")
    return _ending(subject, found[0])


def _ending(subject: Subject, row: Listed) -> Row:
    target, today = subject.target, subject.today
    what, kind = target.model_id, target.deployment_kind
    ends = row.kind_retires.get(kind)
    if row.status == "retired" or (ends and ends <= today):
        return subject.row(
            "offered", "FAIL", f"{what} is retired for {kind}{f' since {ends}' if ends else ''}"
        )
    if row.status == "deprecated":
        return subject.row("offered", "WARN", f"{what} is deprecated{f' and ends on {ends}' if ends else ''}")
    if ends and ends <= today + timedelta(days=SOON_DAYS):
        return subject.row(
            "offered", "WARN", f"{what} ends on {ends} for {kind}, in {(ends - today).days} days"
        )
    return subject.row("offered", "PASS", f"{what} in {target.region}{f', until {ends}' if ends else ''}")


def _units(subject: Subject, asker: Asker, checked: Checked) -> None:
    options: Any = subject.target.options
    limit = limit_of_shape(options.unit_shape or "")
    if limit is None:
        text = f"which limit a unit of {options.unit_shape or 'no shape'} takes from is not known"
        checked.rows.append(subject.row("quota", "WARN", text))
        return
    name, each = limit
    region = subject.target.region
    answer = asker.ask(Question("oci_generative_ai", "limit", region, name, subject.scope))
    checked.needs.append(
        Need(
            pool=("oci_generative_ai", subject.scope, region, name),
            amount=each * options.unit_count,
            unit="units of limit",
            quota=quota(answer),
            how=_FORM.format(region=region, limit=name),
        )
    )
