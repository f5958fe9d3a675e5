"""A subject and the official client to ask it with."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import openai

from .model import CheckFailed, Subject

__all__ = ["Asker", "Settings", "one_line"]

QUESTION = "Which port is open? Answer with one word."


@dataclass(frozen=True)
class Settings:
    """How to ask.

    Attributes:
        timeout_seconds: per call; the default leaves a reasoning model time to think.
        answer_tokens: how long an answer may be at most; less where the contract's limit is lower. The default
            leaves room for reasoning before the answer.
        skip: checks that are not made.
    """

    timeout_seconds: float = 120.0
    answer_tokens: int = 512
    skip: frozenset[str] = field(default=frozenset())


class Asker:
    """Calls of one subject. `http` is shared and closed by who made it."""

    def __init__(self, subject: Subject, http: Any, settings: Settings) -> None:
        self.subject, self.http, self.settings = subject, http, settings
        self.client = self.with_key(subject.key)

    def with_key(self, key: str) -> openai.OpenAI:
        """The official client, never repeating a call by itself: a first failure is what is looked for."""
        return openai.OpenAI(
            base_url=self.subject.base_url,
            api_key=key,
            http_client=self.http,
            max_retries=0,
            timeout=self.settings.timeout_seconds,
        )

    def chat_arguments(self, **more: Any) -> dict[str, Any]:
        """Arguments of a small chat completion."""
        messages = [{"role": "user", "content": QUESTION}]
        return {"model": self.subject.model, "messages": messages, "max_tokens": self.answer_tokens, **more}

    def completion(self, **more: Any) -> Any:
        """A chat completion with a first choice."""
        found = self.client.chat.completions.create(**self.chat_arguments(**more))
        if not getattr(found, "choices", None) or found.choices[0].message is None:
            raise CheckFailed("the answer has no choice with a message")
        return found

    @property
    def answer_tokens(self) -> int:
        """Never more than the contract's limits leave."""
        limits = self.subject.limits
        bounds = [limits.max_output_tokens, limits.context_window and limits.context_window // 4]
        return max(1, min([self.settings.answer_tokens, *(bound for bound in bounds if bound)]))

    def hidden(self, text: str) -> str:
        """One line without the key."""
        plain = one_line(text)
        return plain.replace(self.subject.key, "***") if self.subject.key else plain


def one_line(text: str, most: int = 240) -> str:
    """Whitespace pressed together, and cut."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1]}…"


def json_object(text: str | None, what: str) -> dict[str, Any]:
    """The object that a text is.

    Raises:
        CheckFailed: it is anything else.
    """
    try:
        value = json.loads(text or "")
    except ValueError:
        raise CheckFailed(f"{what} are not JSON: {one_line(text or 'nothing', 80)}") from None
    if not isinstance(value, dict):
        raise CheckFailed(f"{what} are no JSON object: {one_line(text or '', 80)}")
    return value
