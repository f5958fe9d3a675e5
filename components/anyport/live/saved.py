"""Answers as files of a folder, one per question: what reports are made from again, with no network.

Kept is what readers read and nothing else (see `SHAPES` of each cloud). Subscriptions, projects and compartments are
left out; eight digits of their hash stay in the file's name, so that two of them can lie in one folder.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

from ..errors import Problem, SpecError
from .clouds import MODULES
from .failure import failed
from .questions import Answer, Question, What

__all__ = ["SavedAnswers", "file_name", "file_text"]

_FORMAT = 1
_MOST_BYTES = 64 * 1024 * 1024
_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def file_name(question: Question) -> str:
    """`azure_openai.models.eastus2.1a2b3c4d.json`; unusual signs of a place become hyphens."""
    parts = [question.provider, question.what, question.place, question.detail, _mark(question.scope)]
    return ".".join(re.sub(r"[^A-Za-z0-9_-]", "-", part) for part in parts if part) + ".json"


def _mark(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:8] if scope else ""


def file_text(answer: Answer) -> str:
    """What is written for an answer."""
    question = answer.question
    return (
        json.dumps(
            {
                "anyport_answer": _FORMAT,
                "provider": question.provider,
                "what": question.what,
                "place": question.place,
                "detail": question.detail,
                "scope": _mark(question.scope),
                "collected_on": answer.collected_on.isoformat(),
                "source": answer.source,
                "items": list(answer.items),
            },
            indent=1,
            sort_keys=True,
            ensure_ascii=False,
        )
        + "\n"
    )


class SavedAnswers:
    """All answers of a folder, read at once."""

    def __init__(self, folder: Path) -> None:
        """Read the folder.

        Raises:
            SpecError: AP522 for every file that is not an answer, or a folder without any.
        """
        self._folder = folder
        self._answers: dict[tuple[str, str, str, str], dict[str, Answer]] = {}
        problems: list[Problem] = []
        files = sorted(folder.glob("*.json")) if folder.is_dir() else []
        if not files:
            fix = "save some first with --save-answers"
            raise SpecError([Problem("AP522", "", "holds no saved answers", fix=fix, file=str(folder))])
        for file in files:
            found = _read(file)
            if isinstance(found, Problem):
                problems.append(found)
                continue
            mark, answer = found
            key = (*_key(answer.question),)
            self._answers.setdefault(key, {})[mark] = answer
        if problems:
            raise SpecError(problems)

    def questions(self, provider: str, what: str) -> tuple[Question, ...]:
        """What is there of one listing, by place."""
        return tuple(
            answer.question
            for (of, kind, *_), answers in sorted(self._answers.items())
            if (of, kind) == (provider, what)
            for answer in list(answers.values())[:1]
        )

    def ask(self, question: Question) -> Answer:
        """The saved answer for the scope; any scope's where the question or the folder knows only one.

        Raises:
            LiveError: AP530 there is none.
        """
        answers = self._answers.get(_key(question), {})
        mark = _mark(question.scope)
        if mark in answers:
            return answers[mark]
        if len(answers) == 1 and (not mark or "" in answers):
            return next(iter(answers.values()))
        message = "there is no saved answer" if not answers else "the saved answers are of other accounts"
        raise failed("AP530", str(question), message, fix="ask live with --save-answers, or name the account")


def _key(question: Question) -> tuple[str, str, str, str]:
    return question.provider, question.what, question.place, question.detail


def _read(file: Path) -> tuple[str, Answer] | Problem:
    def wrong(message: str) -> Problem:
        return Problem("AP522", "", message, fix="delete it, or save it again", file=str(file))

    try:
        if file.stat().st_size > _MOST_BYTES:
            return wrong("is larger than any answer")
        held: Any = json.loads(file.read_text("utf-8"))
    except OSError as error:
        return wrong(f"cannot be read: {(error.strerror or '').lower()}")
    except (ValueError, RecursionError):
        return wrong("is no JSON")
    if not isinstance(held, dict) or held.get("anyport_answer") != _FORMAT:
        return wrong("is no saved answer")
    try:
        texts = {key: held[key] for key in ("provider", "what", "place", "detail", "scope", "source")}
        if not all(isinstance(text, str) for text in texts.values()):
            return wrong("has a value of another type than it should")
        day = date.fromisoformat(held["collected_on"])
        items = held["items"]
    except (KeyError, TypeError, ValueError):
        return wrong("lacks a key, or has no date")
    if texts["provider"] not in MODULES or texts["what"] not in get_args(What):
        return wrong("is of a listing that is not known")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return wrong("has no list of items")
    question = Question(texts["provider"], texts["what"], texts["place"], texts["detail"])
    return texts["scope"], Answer(question, tuple(items), day, texts["source"])
