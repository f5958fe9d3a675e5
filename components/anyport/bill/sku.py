"""Model and kind of token out of a SKU's text. No FOCUS column up to 1.4 names either, and spelling has no rule.

What is not surely read stays None: a model's name must stand there as whole words, and no word that makes it another
model (`mini`, `pro`, …) may follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

__all__ = ["Names", "TokenKind", "token_kind"]

TokenKind = Literal["input", "cached_input", "output"]

_CACHED = frozenset({"cached", "cache", "cd", "cchd"})
_INPUT = frozenset({"input", "inp", "inpt", "prompt"})
_OUTPUT = frozenset({"output", "outp", "outpt", "opt", "completion"})
_OTHER_MODEL = frozenset(
    {
        "mini", "nano", "micro", "pro", "turbo", "plus", "lite", "flash", "max", "codex", "audio", "realtime", "rt",
        "image", "img", "transcribe", "tts", "vision", "search", "deep", "chat", "safeguard", "instruct", "preview",
        "exp", "thinking", "reasoning", "embedding", "m", "k",
    }
)  # fmt: skip
"""Words after a model's name that may make it another model; `m` and `k` make its last digits a block size."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[a-z]+|\d+", text.lower()))


def token_kind(text: str | None) -> TokenKind | None:
    """Which tokens a SKU counts, by the abbreviations seen in public price lists (2026-06 to 2026-10)."""
    words = set(re.findall(r"[a-z]+", (text or "").lower()))
    if words & _OUTPUT:
        return "output"
    if words & _CACHED:
        return "cached_input"
    return "input" if words & _INPUT else None


class Names:
    """Names under which models may stand in a SKU's text."""

    def __init__(self, models: Mapping[str, Iterable[str]]) -> None:
        """Catalog name → its other names."""
        spelled: dict[tuple[str, ...], str | None] = {}
        for model, others in models.items():
            for name in (model, *others):
                key = _words(name.rpartition("/")[2])
                if key and spelled.get(key, model) != model:
                    spelled[key] = None
                elif key:
                    spelled[key] = model
        self._spelled = {key: model for key, model in spelled.items() if model and len(key) > 1}
        self._longest = max((len(key) for key in self._spelled), default=0)
        self.model = lru_cache(maxsize=65536)(self._model)

    def _model(self, text: str | None) -> str | None:
        """The catalog's name of the model that a text surely means."""
        words = _words(text or "")
        for size in range(min(self._longest, len(words)), 1, -1):
            for start in range(len(words) - size + 1):
                found = self._spelled.get(words[start : start + size])
                after = words[start + size : start + size + 1]
                if found:
                    return None if after and after[0] in _OTHER_MODEL else found
        return None
