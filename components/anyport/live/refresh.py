"""A cloud's lists beside the catalog: the new text of every data file that should change."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

from ..catalog import Catalog
from ..errors import Problem, SpecError
from .asker import Asker
from .clouds import MODULES
from .compare import Listing, Outcome, compared
from .failure import LiveError
from .offers import ids_of, listed_as, publishers
from .questions import Listed, Question
from .yaml_edit import changed_text

__all__ = ["Refresh", "questions", "refreshed"]


@dataclass(frozen=True, slots=True)
class Refresh:
    """What a refresh found.

    Attributes:
        provider: whose lists.
        listing: what was read; None where no place answered.
        outcomes: one per offer of the provider.
        texts: file inside the data folder to its new text; only files that change.
        diff: all changes as one unified diff.
        strange: ids that are listed and not in the catalog.
        failures: places that gave no usable answer.
    """

    provider: str
    listing: Listing | None
    outcomes: tuple[Outcome, ...]
    texts: dict[str, str]
    diff: str
    strange: tuple[str, ...]
    failures: tuple[Problem, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        listing = self.listing
        return {
            "provider": self.provider,
            "list": listing.title if listing else None,
            "collected_on": listing.day if listing else None,
            "places": sorted(listing.rows) if listing else [],
            "models": [
                {"model": o.model, "state": o.state, "values": o.values, "remarks": o.remarks}
                for o in self.outcomes
            ],
            "not_in_catalog": list(self.strange),
            "files": sorted(self.texts),
            "diff": self.diff,
            "failures": [problem.to_dict() for problem in self.failures],
        }


def questions(catalog: Catalog, provider: str, places: Iterable[str], scope: str) -> list[Question]:
    """One question per place: as asked for, else every region of the catalog, or every publisher of Google's."""
    whole = publishers(catalog) if provider == "vertex_ai" else catalog.regions[provider]
    return [Question(provider, "models", place, scope=scope) for place in (tuple(places) or tuple(whole))]


def refreshed(
    catalog: Catalog,
    texts: dict[str, str],
    provider: str,
    asked: Iterable[Question],
    asker: Asker,
    data: str,
) -> Refresh:
    """Ask, compare and write the new texts; nothing touches a file.

    Args:
        catalog: as it stands in the files.
        texts: file inside the data folder (`models/gpt-4o.yaml`) to its text.
        provider: whose offers.
        asked: the questions.
        asker: who answers them.
        data: how messages and the diff call the data folder.

    Raises:
        SpecError: AP532 a file that cannot be changed safely.
    """
    rows: dict[str, tuple[Listed, ...]] = {}
    days: list[date] = []
    failures: list[Problem] = []
    title = ""
    for question in asked:
        try:
            answer = asker.ask(question)
            rows[question.place] = MODULES[provider].models(answer)
            days.append(answer.collected_on)
            title = title or answer.source
        except LiveError as error:
            failures += error.problems
    if not rows:
        return Refresh(provider, None, (), {}, "", (), tuple(failures))
    regions = frozenset(catalog.regions[provider])
    whole = provider == "vertex_ai" or regions <= set(rows)
    listing = Listing(title, min(days), rows, whole, regions)
    outcomes = [
        compared(model.name, model.offers[provider], listing)
        for model in catalog.models.values()
        if provider in model.offers
    ]
    changed = _texts(texts, provider, outcomes, data)
    diff = "".join(_diff(f"{data}/{name}", texts[name], new) for name, new in sorted(changed.items()))
    return Refresh(
        provider, listing, tuple(outcomes), changed, diff, _strange(catalog, provider, rows), tuple(failures)
    )


def _texts(texts: dict[str, str], provider: str, outcomes: list[Outcome], data: str) -> dict[str, str]:
    by_name = {yaml.safe_load(text)["name"]: name for name, text in texts.items()}
    changed: dict[str, str] = {}
    problems: list[Problem] = []
    for outcome in outcomes:
        name = by_name[outcome.model]
        if not outcome.values:
            continue
        try:
            changed[name] = changed_text(texts[name], ("offers", provider), outcome.values, f"{data}/{name}")
        except SpecError as error:
            problems += error.problems
    if problems:
        raise SpecError(problems)
    return {name: text for name, text in changed.items() if text != texts[name]}


def _diff(name: str, old: str, new: str) -> str:
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
    )


def _strange(catalog: Catalog, provider: str, rows: dict[str, tuple[Listed, ...]]) -> tuple[str, ...]:
    known = [
        one
        for model in catalog.models.values()
        if (offer := model.offers.get(provider))
        for one in (*ids_of(offer), *([offer.model_id] if offer.model_id else []))
    ]
    found = {
        row.model_id
        for held in rows.values()
        for row in held
        if not any(listed_as(row, one) for one in known)
    }
    return tuple(sorted(found))
