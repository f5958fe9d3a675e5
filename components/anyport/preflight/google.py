"""What Google says of a target: the model at its region's address, the project's API, quotas and what is used of them.

No listing says which regions serve a model, so a region passes where the catalog has it from Google's pages and the
region's own address knows the model. GPUs of a Model Garden deployment are counted as Google does at deployment: most
replicas times GPUs of each. What Google would really answer under a dynamic shared quota nobody promises.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..catalog import load
from ..live.asker import Asker
from ..live.failure import LiveError
from ..live.google import SERVICE, enabled, limit_of, metric_of, name_of, rates, stage_of
from ..live.google_usage import DAYS, used
from ..live.questions import Answer, Question, Quota
from ..targets.vertex_ai.combinations import QUOTA_IDS, accelerators_asked
from .model import Checked, Need, Row, Subject, unanswered

__all__ = ["judge"]

_SOME_ONLY = ("EXPERIMENTAL", "PRIVATE_PREVIEW")
_STAGES = {"GA": " (ga)", "PUBLIC_PREVIEW": " (preview)"}
_SHARED = "Google's pages on quotas and throughput, read 2026-11-26"
"""docs.cloud.google.com/vertex-ai/generative-ai/docs/quotas-genai ("there are no quotas with DSQ", Gemini 2.0 and newer) and
/resources/throughput-quota (managed models; a 429 says that the shared pool is in demand)."""


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
    answer = _model(subject, asker, name)
    if answer is None:
        text = f"{target.model_id} is not known at {target.region}'s address"
        if garden:
            return subject.row("offered", "FAIL", text)
        return subject.row("offered", "WARN", f"{text}, which may leave managed ids out")
    stage = stage_of(answer)
    text = f"{target.model_id} is known at {target.region}'s address{_STAGES.get(stage, '')}"
    if stage in _SOME_ONLY:
        return subject.row("offered", "WARN", f"{text}, open to some customers only ({stage.lower()})")
    return _usable(subject, asker, text)


def _model(subject: Subject, asker: Asker, name: tuple[str, str, str | None]) -> Answer | None:
    """The model at the address of the region; None where that does not know it."""
    publisher, model, version = name
    detail = f"{publisher}/{model}" + (f"@{version}" if version else "")
    try:
        return asker.ask(Question("vertex_ai", "model", subject.target.region, detail))
    except LiveError as error:
        if error.problem.code == "AP525":
            return None
        raise


def _usable(subject: Subject, asker: Asker, known: str) -> Row:
    """Whether the project may call it, and whether the region is one that serves it."""
    api = enabled(asker.ask(Question("vertex_ai", "service", "global", scope=subject.scope)))
    if api is False:
        fix = f"gcloud services enable {SERVICE} --project={subject.scope}"
        return subject.row("offered", "FAIL", f"{known}, but the project has its API disabled: {fix}")
    if api is None:
        return subject.row("offered", "WARN", f"{known}; whether the project has its API enabled is not told")
    served = _served(subject)
    if not served:
        where = f"neither that nor the catalog says for sure whether {subject.target.region} serves it"
        return subject.row("offered", "WARN", f"{known}, and the API is enabled; {where}")
    return subject.row("offered", "PASS", f"{known}, the API is enabled, and {served}")


def _served(subject: Subject) -> str:
    """Why the region serves it; empty where that is not known. Machines of one's own are a matter of quota."""
    target = subject.target
    if target.deployment_kind == "model_garden":
        return "it can be deployed where there is quota for its machines"
    offer = load().models[target.model].offers["vertex_ai"]
    if target.doubtful or target.region not in offer.regions_for(target.deployment_kind):
        return ""
    return f"{target.region} serves it by Google's pages ({target.collected_on})"


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
    quota, metric = limit_of(answer, quota_id, region), metric_of(answer, quota_id)
    if quota is not None and metric is not None:
        taken, _ = _taken(checked, asker, metric)
        quota = replace(quota, used=taken)
    checked.needs.append(
        Need(
            pool=("vertex_ai", subject.scope, region, quota_id),
            amount=accelerators_asked(options),
            unit="GPUs",
            quota=quota,
            how=_command(subject.scope, quota_id, f"region={region}"),
            note="by Cloud Monitoring's newest point",
        )
    )


def _taken(checked: Checked, asker: Asker, detail: str) -> tuple[float | None, bool]:
    """What is taken of a quota, and whether that was answered. A failure is a row of its own."""
    subject = checked.subject
    question = Question("vertex_ai", "usage", subject.target.region, detail, subject.scope)
    try:
        return used(asker.ask(question)), True
    except LiveError as error:
        checked.rows.append(unanswered(subject, "quota", error))
        return None, False


def _rates(subject: Subject, asker: Asker, checked: Checked) -> None:
    """Quotas per minute that name the model, beside the traffic that the endpoint declares."""
    name = name_of(subject.target.model_id)
    model = name[1] if name else ""
    answer = asker.ask(Question("vertex_ai", "quota", "global", scope=subject.scope))
    found = rates(answer, model, subject.target.region)
    for quota in found:
        amount = _declared(subject, quota.unit)
        if amount is None:
            continue
        metric = metric_of(answer, quota.name)
        taken, told = _taken(checked, asker, f"{metric} {model}") if metric else (None, False)
        checked.needs.append(_rate(subject, replace(quota, used=(taken or 0.0) if told else None), amount))
    if not checked.needs:
        checked.rows.append(_no_rate(subject, listed=bool(found)))


def _declared(subject: Subject, unit: str) -> int | None:
    """What the endpoint's traffic takes of a unit at most; None where it is not declared."""
    traffic = subject.endpoint.traffic
    return traffic.tokens_per_minute if "tokens" in unit else traffic.requests_per_minute if unit else None


def _no_rate(subject: Subject, *, listed: bool) -> Row:
    """What it means that there is nothing to compare with."""
    target = subject.target
    unsure = "how much Google would answer is not known"
    if listed:
        return subject.row("quota", "WARN", f"no traffic is declared to compare with; {unsure}")
    if target.deployment_kind == "gemini" and target.kind == "chat":
        text = (
            f"none to ask for: dynamic shared quota ({_SHARED}), and none that names the model is listed; nothing is "
            "promised, a 429 can come at any load"
        )
        return subject.row("quota", "PASS", text)
    text = f"no quota that names the model is listed; {unsure}"
    return subject.row("quota", "WARN", text)


def _rate(subject: Subject, quota: Quota, amount: int) -> Need:
    model, region = subject.target.model_id.split("/")[-1], subject.target.region
    partly = quota.unit in ("input tokens", "output tokens")
    return Need(
        pool=("vertex_ai", subject.scope, region, f"{quota.name} {model}"),
        amount=amount,
        unit=f"{quota.unit} per minute",
        quota=quota,
        how=_command(subject.scope, quota.name, f"region={region},base_model={model}"),
        tokens_per_minute=amount if quota.unit == "tokens" else None,
        note=f"by the busiest minute of {DAYS} days in Cloud Monitoring",
        at_most=partly,
    )


def _command(project: str, quota_id: str, dimensions: str) -> str:
    """Of the gcloud reference, `gcloud quotas preferences create` (read 2026-11-25); NEEDED stands for the amount."""
    of = f" --project={project}" if project else " --project=PROJECT"
    return (
        f"gcloud quotas preferences create --service={SERVICE}{of} --quota-id={quota_id} "
        f"--preferred-value=NEEDED --dimensions={dimensions}"
    )
