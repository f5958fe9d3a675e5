"""All targets of all stacks, asked once per listing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from ..live.asker import Asker
from ..live.failure import LiveError
from ..live.questions import Answer, Question
from ..plan import Plan
from . import azure, coreweave, google, oci
from .failover import failover_row
from .model import Checked, Report, Row, Subject, unanswered
from .quota import Pools

__all__ = ["preflight"]

_JUDGES: Mapping[str, Callable[[Checked, Asker], None]] = {
    "azure_openai": azure.judge,
    "vertex_ai": google.judge,
    "oci_generative_ai": oci.judge,
    "coreweave_vllm": coreweave.judge,
}
_SCOPE_OPTIONS = {
    "azure_openai": "subscription_id",
    "vertex_ai": "project",
    "oci_generative_ai": "compartment_id",
}


class _Dated:
    """Notes the oldest answer that was used."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self.oldest: date | None = None

    def ask(self, question: Question) -> Answer:
        answer = self._asker.ask(question)
        self.oldest = min(answer.collected_on, self.oldest or answer.collected_on)
        return answer


def preflight(
    plans: Iterable[tuple[str, Plan]],
    asker: Asker,
    scopes: Mapping[str, str],
    today: date,
    deployed: Collection[str] = (),
    fresh_days: int = 7,
) -> Report:
    """Judge every target.

    Args:
        plans: file and plan.
        asker: the clouds, or saved answers.
        scopes: provider to subscription, project or compartment, for targets whose options name none.
        today: the day to judge by.
        deployed: `endpoint/target` of what is up already; `all` stands for every one.
        fresh_days: how old an answer may be and still let something pass.
    """
    endpoints = [(file, endpoint) for file, plan in plans for endpoint in plan.endpoints]
    checked = [
        _checked(
            Subject(file, endpoint, target, _scope(target.provider, target.options, scopes), today), asker
        )
        for file, endpoint in endpoints
        for target in endpoint.targets
    ]
    names = {one.subject.name for one in checked} if "all" in deployed else set(deployed)
    pools = Pools(checked, names)
    rows: list[Row] = []
    for file, endpoint in endpoints:
        mine = [one for one in checked if one.subject.file == file and one.subject.endpoint is endpoint]
        found = [row for one in mine for row in _rows(one, pools, today, fresh_days)]
        gives = {one.subject.target.name: _gives(one, found) for one in mine}
        rows += [*found, failover_row(file, endpoint, found, gives)]
    return Report(tuple(rows))


def _scope(provider: str, options: object, scopes: Mapping[str, str]) -> str:
    own = getattr(options, _SCOPE_OPTIONS.get(provider, ""), None)
    return str(own or scopes.get(provider, ""))


def _checked(subject: Subject, asker: Asker) -> Checked:
    dated, found = _Dated(asker), Checked(subject)
    try:
        _JUDGES[subject.target.provider](found, dated)
    except LiveError as error:
        found.rows.append(unanswered(subject, "quota" if found.rows else "offered", error))
    found.as_of = dated.oldest
    return found


def _rows(checked: Checked, pools: Pools, today: date, fresh_days: int) -> Iterable[Row]:
    for row in [*checked.rows, *(pools.row(checked, need) for need in checked.needs)]:
        yield _aged(replace(row, as_of=checked.as_of), today, fresh_days)


def _aged(row: Row, today: date, fresh_days: int) -> Row:
    """An old answer lets nothing pass; one that is dated after today cannot be trusted either."""
    if row.as_of is None or row.verdict != "PASS":
        return row
    age = (today - row.as_of).days
    if 0 <= age <= fresh_days:
        return row
    why = f"answered {age} days ago" if age > 0 else f"answer dated {row.as_of}, after {today}"
    return replace(row, verdict="WARN", text=f"{row.text}; {why}")


def _gives(checked: Checked, rows: Iterable[Row]) -> int | None:
    """Tokens per minute that are sure: all of the target's quota rows pass, and they say what they give."""
    mine = [r for r in rows if r.target == checked.subject.target.name and r.check == "quota"]
    told = [need.tokens_per_minute for need in checked.needs]
    if not mine or any(row.verdict != "PASS" for row in mine):
        return None
    known = [found for found in told if found is not None]
    return sum(known) if known else None
