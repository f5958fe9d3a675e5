"""Which models could take the place of one that retires, judged by the contract that callers rely on.

A candidate is held against every target that serves the retiring model, as a stack file with it would be: the
offer, the kind of deployment and its reach, the region, the options, the required features, the endpoint's
smallest limits, residency, and a retirement that lies further away. Models that serve other APIs are no candidates. Three answers are kept apart: it fits, it
is refused for a reason, or a fact is not known, and not known is never a pass. Another embedding model is always
refused, since its vectors cannot be compared with those already stored, whatever their length.

Pure: nothing here asks a provider, and no quality of answers is judged; that is what `equivalence:` is for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from .catalog import Catalog, Model
from .plan import Plan, PlannedEndpoint, PlannedTarget
from .upgrade_target import Answer, Move, judge

__all__ = ["Candidate", "UpgradePath", "upgrade_paths"]

Verdict = Literal["fits", "unknown", "partly", "refused"]
_RANK = {"fits": 0, "unknown": 1, "partly": 2, "refused": 3}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model, or the same model in another kind of deployment, judged for one endpoint.

    Attributes:
        model: catalog name.
        kinds: kind of deployment by target, where another than the present one is meant.
        verdict: `fits` and `unknown` are about all targets that serve the retiring model; `partly` passes, or
            may pass, only where the model retires.
        answers: per target what would change, what is not known, and what speaks against it.
        equivalence: targets that then need an `equivalence:` entry, or a new one.
        changes: what changes for the endpoint as a whole.
    """

    model: str
    kinds: tuple[tuple[str, str], ...]
    verdict: Verdict
    answers: tuple[Answer, ...]
    equivalence: tuple[str, ...]
    changes: tuple[str, ...]

    @property
    def name(self) -> str:
        """As reports call it."""
        kinds = ", ".join(sorted({kind for _, kind in self.kinds}))
        return f"{self.model} as {kinds}" if kinds else self.model

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "model": self.model,
            "kinds": dict(self.kinds),
            "verdict": self.verdict,
            "equivalence": list(self.equivalence),
            "changes": list(self.changes),
            "targets": [answer.to_dict() for answer in self.answers],
        }


@dataclass(frozen=True, slots=True)
class UpgradePath:
    """What can be done about one model of one endpoint.

    Attributes:
        endpoint: its name.
        model: the model that retires, or that was asked about.
        retires: targets where it does, with the day and what another source says.
        targets: all targets of the endpoint that serve it.
        candidates: best first; refused ones last.
    """

    endpoint: str
    model: str
    retires: tuple[tuple[str, date, str | None], ...]
    targets: tuple[str, ...]
    candidates: tuple[Candidate, ...]

    @property
    def open(self) -> bool:
        """Whether any candidate is not refused."""
        return any(candidate.verdict != "refused" for candidate in self.candidates)


def upgrade_paths(
    plan: Plan, catalog: Catalog, today: date, model: str | None = None, within_days: int | None = None
) -> tuple[UpgradePath, ...]:
    """Paths for every endpoint of a plan and every model of it that retires.

    Args:
        plan: a resolved spec; of a model already retired too.
        catalog: the facts.
        today: the day it is; a candidate must retire after it.
        model: only this one, whether or not an end of it is known.
        within_days: only models that retire so soon.
    """
    paths = []
    for endpoint in plan.endpoints:
        for name in dict.fromkeys(target.model for target in endpoint.targets):
            if model is not None and name != model:
                continue
            serving = [target for target in endpoint.targets if target.model == name]
            ends = [t for t in serving if _ends(t, today, within_days)]
            if ends or model is not None:
                paths.append(_path(endpoint, name, serving, ends, catalog, today))
    return tuple(paths)


def _ends(target: PlannedTarget, today: date, within_days: int | None) -> bool:
    day = target.retires_on
    return day is not None and (within_days is None or (day - today).days <= within_days)


def _path(
    endpoint: PlannedEndpoint,
    name: str,
    serving: list[PlannedTarget],
    ends: list[PlannedTarget],
    catalog: Catalog,
    today: date,
) -> UpgradePath:
    moved = ends or serving
    found = [
        *_other_kinds(endpoint, serving, moved, catalog, today),
        *(
            _candidate(endpoint, catalog.models[other], serving, moved, {}, catalog, today)
            for other in catalog.names
            if other != name and catalog.models[other].kind == serving[0].kind
        ),
    ]
    return UpgradePath(
        endpoint=endpoint.name,
        model=name,
        retires=tuple((t.name, t.retires_on, t.retirement_conflict) for t in ends if t.retires_on),
        targets=tuple(target.name for target in serving),
        candidates=tuple(sorted(found, key=lambda one: _order(one, catalog, catalog.models[name]))),
    )


def _other_kinds(
    endpoint: PlannedEndpoint,
    serving: list[PlannedTarget],
    moved: list[PlannedTarget],
    catalog: Catalog,
    today: date,
) -> Iterator[Candidate]:
    """The same weights, deployed in another way, where the end is only about the present way."""
    model = catalog.models[serving[0].model]
    kinds = dict.fromkeys(
        kind
        for target in moved
        for kind in model.offers[target.provider].kinds
        if kind != target.deployment_kind
    )
    for kind in kinds:
        other = {
            t.name: kind
            for t in moved
            if kind in model.offers[t.provider].kinds and kind != t.deployment_kind
        }
        if len(other) == len(moved):
            yield _candidate(endpoint, model, serving, moved, other, catalog, today)


def _candidate(
    endpoint: PlannedEndpoint,
    model: Model,
    serving: list[PlannedTarget],
    moved: list[PlannedTarget],
    kinds: dict[str, str],
    catalog: Catalog,
    today: date,
) -> Candidate:
    stays = model.name == serving[0].model
    asked = moved if stays else serving
    needed_by = min((t.retires_on for t in moved if t.retires_on), default=None)
    answers = tuple(
        judge(Move(endpoint, t, model, kinds.get(t.name), needed_by), catalog, today) for t in asked
    )
    names = {target.name for target in moved}
    where = [answer for answer in answers if answer.target in names]
    verdict = _verdict(answers)
    if verdict == "refused" and _verdict(tuple(where)) != "refused":
        verdict = "partly"
    left = [t for t in endpoint.targets if t not in serving]
    return Candidate(
        model=model.name,
        kinds=tuple(sorted(kinds.items())),
        verdict=verdict,
        answers=answers,
        equivalence=_equivalence(endpoint, model.name, verdict, serving, moved, left),
        changes=tuple(_changes(catalog.models[serving[0].model], model)),
    )


def _verdict(answers: tuple[Answer, ...]) -> Verdict:
    if any(answer.refused for answer in answers):
        return "refused"
    return "unknown" if any(answer.unknown for answer in answers) else "fits"


def _equivalence(
    endpoint: PlannedEndpoint,
    model: str,
    verdict: Verdict,
    serving: list[PlannedTarget],
    moved: list[PlannedTarget],
    left: list[PlannedTarget],
) -> tuple[str, ...]:
    """Targets that serve another model than the endpoint's, once the candidate is in.

    When every target that served the endpoint's model moves, the endpoint takes the new name, and it is the
    targets left behind that differ from it.
    """
    if verdict == "refused" or model == serving[0].model:
        return ()
    if verdict == "partly":
        return tuple(target.name for target in moved if model != endpoint.model)
    if serving[0].model == endpoint.model:
        return tuple(target.name for target in left if target.model != model)
    return tuple(target.name for target in serving if model != endpoint.model)


def _changes(old: Model, new: Model) -> Iterator[str]:
    if old.owner != new.owner:
        yield f"model owner: {old.owner} -> {new.owner}"
    if old.open_weights != new.open_weights:
        words = {True: "open", False: "closed", None: "not known"}
        yield f"weights: {words[old.open_weights]} -> {words[new.open_weights]}"
    if old.licence != new.licence:
        yield f"licence: {old.licence or 'not known'} -> {new.licence or 'not known'}"


def _order(one: Candidate, catalog: Catalog, old: Model) -> tuple[Any, ...]:
    """Verdict, then the fewest unknown facts, the same weights, the same owner, weights that stay open, the
    latest end, the lowest price (a price not known counts as the highest), the name.
    """
    model = catalog.models[one.model]
    ends = [answer.retires_on for answer in one.answers if answer.retires_on]
    prices = [answer.usd_per_million for answer in one.answers]
    return (
        _RANK[one.verdict],
        sum(len(answer.unknown) for answer in one.answers),
        one.model != old.name,
        model.owner != old.owner,
        bool(old.open_weights) and not model.open_weights,
        -(min(ends).toordinal() if ends else 0),
        any(price is None for price in prices),
        sum(price or 0.0 for price in prices),
        one.name,
    )
