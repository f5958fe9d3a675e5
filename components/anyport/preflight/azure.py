"""What Azure's listings say of a target: model, version, format, SKU, step of capacity, end, and quota of the SKU.

Where to ask for more: the form at aka.ms/oai/stuquotarequest (well known, its address not confirmed by a page that was
read); no command for it is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from ..catalog import load
from ..live.asker import Asker
from ..live.azure import models, quotas
from ..live.offers import PROVISIONED
from ..live.questions import Listed, Question
from .model import Checked, Need, Row, Subject

__all__ = ["SOON_DAYS", "judge"]

SOON_DAYS = 90
_FORM = "https://aka.ms/oai/stuquotarequest"
_START = 10
"""Thousands of tokens per minute where neither option nor traffic says any, as the component asks for then."""


def judge(checked: Checked, asker: Asker) -> None:
    """Add rows and needs of a target. Raises LiveError where a listing cannot be had."""
    subject = checked.subject
    target = subject.target
    answer = asker.ask(Question("azure_openai", "models", target.region, scope=subject.scope))
    rows = [row for row in models(answer) if row.model_id == target.model_id]
    checked.rows.append(_offered(subject, rows))
    row = _match(rows, subject)
    checked.needs += _needs(subject, row, asker)


def _match(rows: list[Listed], subject: Subject) -> Listed | None:
    target = subject.target
    found = [row for row in rows if target.model_version in (None, row.version)]
    found = [row for row in found if target.model_format in (None, row.format)] or found
    return found[0] if found else None


def _sku(kind: str) -> str:
    return load().providers["azure_openai"].kinds[kind].sku or kind


def _offered(subject: Subject, rows: list[Listed]) -> Row:
    target, kind = subject.target, subject.target.deployment_kind
    what = f"{target.model_id} {target.model_version or ''}".strip()
    if not rows:
        return subject.row("offered", "FAIL", f"{target.model_id} is not listed in {target.region}")
    row = _match(rows, subject)
    if row is None:
        others = ", ".join(sorted({found.version or "?" for found in rows}))
        return subject.row(
            "offered", "FAIL", f"{what} is not listed in {target.region}; listed versions: {others}"
        )
    if target.model_format and row.format and row.format != target.model_format:
        text = f"{what} is listed with the format {row.format}, and {target.model_format} would be sent"
        return subject.row("offered", "FAIL", text)
    missing = [one for one in (kind, *_spills(subject)) if one not in row.kinds]
    if missing:
        skus = ", ".join(_sku(one) for one in row.kinds) or "none that answers calls"
        return subject.row(
            "offered", "FAIL", f"{what} has no SKU {_sku(missing[0])} in {target.region}; listed: {skus}"
        )
    wrong = list(_steps(subject, row))
    if wrong:
        return subject.row("offered", "FAIL", f"{what}: {wrong[0]}")
    return _ending(subject, row, what)


def _spills(subject: Subject) -> list[str]:
    spillover = getattr(subject.target.options, "spillover", None)
    return [spillover.deployment_kind] if spillover else []


def _steps(subject: Subject, row: Listed) -> Iterator[str]:
    for kind, amount in _amounts(subject):
        least, most, step = row.steps.get(kind, (None, None, None))
        if least is not None and amount < least:
            yield f"a capacity of {amount} is below the least of {least} for {_sku(kind)}"
        elif most and amount > most:
            yield f"a capacity of {amount} is above the most of {most} for {_sku(kind)}"
        elif step and least is not None and (amount - least) % step and amount % step:
            yield f"a capacity of {amount} is no step of {step} from {least} for {_sku(kind)}"


def _ending(subject: Subject, row: Listed, what: str) -> Row:
    target, today = subject.target, subject.today
    ends = row.retires_for(target.deployment_kind)
    if row.status == "retired" or (ends and ends <= today):
        return subject.row(
            "offered", "FAIL", f"{what} is retired{f' since {ends}' if ends and ends <= today else ''}"
        )
    if row.status == "deprecated":
        return subject.row("offered", "WARN", f"{what} is closed to customers without a deployment of it")
    if ends and ends <= today + timedelta(days=SOON_DAYS):
        return subject.row("offered", "WARN", f"{what} ends on {ends}, in {(ends - today).days} days")
    if ends and target.retires_on and ends < target.retires_on:
        text = f"{what} ends on {ends}; the catalog says {target.retires_on}: anyport catalog refresh --from azure"
        return subject.row("offered", "WARN", text)
    if target.model_version is None:
        text = f"{what} is listed; which version is meant is not known, so Azure's default would be taken"
        return subject.row("offered", "WARN", text)
    end = f", until {ends}" if ends else ""
    return subject.row(
        "offered", "PASS", f"{what} with {_sku(target.deployment_kind)} in {target.region}{end}"
    )


def _amounts(subject: Subject) -> Iterator[tuple[str, int]]:
    options: Any = subject.target.options
    traffic = subject.endpoint.traffic.tokens_per_minute
    asked = -(-traffic // 1000) if traffic else _START
    yield subject.target.deployment_kind, options.capacity or asked
    if options.spillover:
        yield options.spillover.deployment_kind, options.spillover.capacity or asked


def _needs(subject: Subject, row: Listed | None, asker: Asker) -> Iterator[Need]:
    target = subject.target
    listed = {
        quota.name: quota
        for quota in quotas(asker.ask(Question("azure_openai", "quota", target.region, scope=subject.scope)))
    }
    for kind, amount in _amounts(subject):
        provisioned = kind in PROVISIONED
        told = row.usage_names.get(kind) if row else None
        name = told or ("" if provisioned else f"OpenAI.{_sku(kind)}.{target.model_id}")
        unit = "PTU" if provisioned else "thousand tokens per minute"
        yield Need(
            pool=("azure_openai", subject.scope.lower(), target.region, name or f"of {_sku(kind)}"),
            amount=amount,
            unit=unit,
            quota=listed.get(name),
            how=f"{_FORM} (subscription, {target.region}, {_sku(kind)}, {target.model_id})",
            tokens_per_minute=None if provisioned else amount * 1000,
        )
