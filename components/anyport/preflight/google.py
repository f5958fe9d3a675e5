"""What Google's listings say of a target. They name no regions and no use of quota, so most of it stays a warning.

GPUs of a Model Garden deployment are counted as Google does at deployment: most replicas times GPUs of each.
"""

from __future__ import annotations

from typing import Any

from ..live.asker import Asker
from ..live.failure import LiveError
from ..live.google import SERVICE, limit_of, models, name_of, rates
from ..live.offers import listed_as
from ..live.questions import Question, Quota
from ..targets.vertex_ai.combinations import QUOTA_IDS, accelerators_asked
from .model import Checked, Need, Row, Subject, unanswered

__all__ = ["judge"]


def judge(checked: Checked, asker: Asker) -> None:
    """Add rows and needs of a target. Raises LiveError where its quota cannot be had."""
    subject = checked.subject
    try:
        checked.rows.append(_offered(subject, asker))
    except LiveError as error:
        checked.rows.append(unanswered(subject, "offered", error))
    if subject.target.deployment_kind == "model_garden":
        _gpus(subject, asker, checked)
    else:
        _rates(subject, asker, checked)


def _offered(subject: Subject, asker: Asker) -> Row:
    target = subject.target
    garden = target.deployment_kind == "model_garden"
    name = name_of(target.model_id)
    if name is None or (garden and not target.model_id.startswith("publishers/")):
        text = f"{target.model_id} comes from Hugging Face, which Google's list does not hold"
        return subject.row("offered", "WARN", text)
    answer = asker.ask(Question("vertex_ai", "models", name[0]))
    found = [row for row in models(answer) if listed_as(row, target.model_id)]
    if not found:
        if target.deployment_kind == "maas":
            text = f"{target.model_id} is not in {name[0]}'s list, which may leave managed ids out"
            return subject.row("offered", "WARN", text)
        return subject.row("offered", "FAIL", f"{target.model_id} is not in {name[0]}'s list")
    stage = f" ({found[0].status})" if found[0].status else ""
    text = f"{target.model_id} is listed{stage}; the list does not say whether {target.region} serves it"
    return subject.row("offered", "WARN", text)


def _gpus(subject: Subject, asker: Asker, checked: Checked) -> None:
    options: Any = subject.target.options
    quota_id = (options.quota.quota_id if options.quota else None) or (
        None if options.spot else QUOTA_IDS.get(options.accelerator_type or "")
    )
    if quota_id is None:
        text = f"the quota of {options.accelerator_type or 'its machines'} is not known by name; say options.quota.quota_id"
        checked.rows.append(subject.row("quota", "WARN", text))
        return
    answer = asker.ask(Question("vertex_ai", "quota", "global", scope=subject.scope))
    region = subject.target.region
    checked.needs.append(
        Need(
            pool=("vertex_ai", subject.scope, region, quota_id),
            amount=accelerators_asked(options),
            unit="GPUs",
            quota=limit_of(answer, quota_id, region),
            how=_command(subject.scope, quota_id, f"region={region}"),
        )
    )


def _rates(subject: Subject, asker: Asker, checked: Checked) -> None:
    """Quotas per minute that name the model, beside the traffic that the endpoint declares."""
    name, traffic = name_of(subject.target.model_id), subject.endpoint.traffic
    answer = asker.ask(Question("vertex_ai", "quota", "global", scope=subject.scope))
    found = rates(answer, name[1] if name else "", subject.target.region)
    asked = {"tokens": traffic.tokens_per_minute, "requests": traffic.requests_per_minute}
    for quota in found:
        amount = asked.get(quota.unit)
        if amount is not None:
            checked.needs.append(_rate(subject, quota, amount))
    if not checked.needs:
        why = "no traffic is declared to compare with" if found else "no quota that names the model is listed"
        text = f"{why}; how much Google would answer is not known"
        checked.rows.append(subject.row("quota", "WARN", text))


def _rate(subject: Subject, quota: Quota, amount: int) -> Need:
    model, region = subject.target.model_id.split("/")[-1], subject.target.region
    return Need(
        pool=("vertex_ai", subject.scope, region, f"{quota.name} {model}"),
        amount=amount,
        unit=f"{quota.unit} per minute",
        quota=quota,
        how=_command(subject.scope, quota.name, f"region={region},base_model={model}"),
    )


def _command(project: str, quota_id: str, dimensions: str) -> str:
    """Of the gcloud reference, `gcloud quotas preferences create` (read 2026-11-25); NEEDED stands for the amount."""
    of = f" --project={project}" if project else " --project=PROJECT"
    return (
        f"gcloud quotas preferences create --service={SERVICE}{of} --quota-id={quota_id} "
        f"--preferred-value=NEEDED --dimensions={dimensions}"
    )
