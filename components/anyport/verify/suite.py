"""Every check of every subject, held against what the contract promises."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx
import openai

from . import checks, refusals
from .asking import Asker, Settings
from .model import CHECKS, Cell, CheckFailed, OwnForm, Row, Status, Subject

__all__ = ["http_client", "verify"]

_BY_NAME: dict[str, Callable[[Asker], str]] = {
    "chat": checks.chat,
    "stream": checks.stream,
    "tools": checks.tools,
    "json_schema": checks.json_schema,
    "embeddings": checks.embeddings,
    "usage": checks.usage,
    "errors": refusals.errors,
    "auth": refusals.auth,
    "context": refusals.context,
    "served_by": refusals.served_by,
}
_FEATURES = {"stream": "streaming", "tools": "tools", "json_schema": "json_schema"}


@contextmanager
def http_client(proxy: str | None = None, ca_file: Path | None = None) -> Iterator[Any]:
    """What the official client sends with. Without arguments it minds the usual environment variables.

    Every call has a connection of its own: one kept open may be closed by the server between two checks, and
    that would look like a fault.

    Args:
        proxy: URL of a proxy for every call.
        ca_file: authorities to trust besides the system's.
    """
    more: dict[str, Any] = {"limits": httpx.Limits(max_keepalive_connections=0)}
    more |= {} if proxy is None else {"proxy": proxy, "trust_env": False}
    if ca_file is not None:
        more["verify"] = ssl.create_default_context()
        more["verify"].load_verify_locations(ca_file)
    with openai.DefaultHttpxClient(**more) as http:
        yield http


def verify(
    subjects: Sequence[Subject],
    http: Any,
    settings: Settings | None = None,
    saw: Callable[[Subject, Cell], None] = lambda *_: None,
) -> tuple[Row, ...]:
    """Make all checks, one after the other.

    Args:
        subjects: whom to ask.
        http: from `http_client`.
        settings: how to ask; the defaults when None.
        saw: told after each check.
    """
    how = settings or Settings()
    rows = []
    for subject in subjects:
        asker, cells = Asker(subject, http, how), []
        for check in CHECKS:
            cell = _cell(check, asker)
            saw(subject, cell)
            cells.append(cell)
        rows.append(Row(subject, tuple(cells)))
    return tuple(rows)


def _cell(check: str, asker: Asker) -> Cell:
    reason = _does_not_apply(check, asker.subject)
    if reason:
        return Cell(check, Status.OPEN, reason)
    if check in asker.settings.skip:
        return Cell(check, Status.SKIPPED)
    feature = _FEATURES.get(check)
    promised = feature is None or feature in asker.subject.features
    wrong, detail = _made(check, asker)
    if wrong is OwnForm and not asker.subject.targets:
        return Cell(check, Status.DIFFERS, detail)
    if wrong is not None:
        return Cell(check, Status.BROKEN if promised else Status.ABSENT, detail)
    if check == "context" and detail:
        return Cell(check, Status.MORE, detail)
    return Cell(check, Status.KEPT if promised else Status.MORE, detail)


def _does_not_apply(check: str, subject: Subject) -> str:
    if check == "served_by":
        return "" if subject.targets else "only a gateway says who served"
    if check == "context" and subject.limits.context_window is None:
        return "the contract promises no context window"
    if check in ("chat", "stream", "tools", "json_schema", "context") and subject.kind == "embedding":
        return "an endpoint for embeddings"
    return "an endpoint for chat" if check == "embeddings" and subject.kind == "chat" else ""


def _made(check: str, asker: Asker) -> tuple[type[Exception] | None, str]:
    """What kind of thing was wrong, if any, and the line about it."""
    try:
        return None, asker.hidden(_BY_NAME[check](asker))
    except CheckFailed as error:
        return type(error), asker.hidden(str(error))
    except openai.APIStatusError as error:
        return CheckFailed, asker.hidden(f"HTTP {error.status_code}: {_message(error)}")
    except openai.APIError as error:
        cause = error.__cause__
        return CheckFailed, asker.hidden(f"{type(error).__name__}: {error}{f' ({cause})' if cause else ''}")
    except Exception as error:  # noqa: BLE001  # an answer so odd that the client stumbles is a finding, not our end
        return CheckFailed, asker.hidden(f"the answer cannot be read: {type(error).__name__}: {error}")


def _message(error: openai.APIStatusError) -> str:
    """The server's own words where they have their usual place."""
    body = error.body
    return str(body["message"]) if isinstance(body, dict) and body.get("message") else str(error.message)
