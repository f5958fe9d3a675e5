"""One GET to a cloud: bounded in time and size, tried again where the cloud asks for that, and every way to fail told apart.

Redirects are not followed, since the token would go along. Retries honour `Retry-After`, but never wait longer
than `MOST_WAIT` seconds in all. The body of a refusal is read for its code and message only.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Self
from urllib.parse import urlencode

from .failure import LiveError, failed

__all__ = ["MOST_BYTES", "Headers", "Page", "Reader"]

Headers = Callable[[str, Mapping[str, str]], Mapping[str, str]]
"""Headers that prove who asks, for an address and its query."""

MOST_BYTES = 32 * 1024 * 1024
"""Bytes of one page; Azure's list of models of a region is well below 2 MB."""
ATTEMPTS = 4
MOST_WAIT = 60.0
_AGAIN = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Page:
    """A JSON object and the headers it came with, names in lower case."""

    body: dict[str, Any]
    headers: Mapping[str, str]


class Reader:
    """Asks one cloud. Close it, or use it with `with`."""

    def __init__(self, headers: Headers, sleep: Callable[[float], None], seconds: float = 30.0) -> None:
        import httpx2

        self._library = httpx2
        self._headers = headers
        self._sleep = sleep
        self._client = httpx2.Client(timeout=seconds, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._client.close()

    def get(self, asked: str, url: str, query: Mapping[str, str]) -> Page:
        """One page.

        Raises:
            LiveError: AP523 to AP529.
        """
        waited = 0.0
        for attempt in range(1, ATTEMPTS + 1):
            status, headers, body = self._once(asked, url, query)
            if status == 200:
                return Page(_json(asked, body), headers)
            wait = _wait(headers, attempt)
            if status not in _AGAIN or attempt == ATTEMPTS or waited + wait > MOST_WAIT:
                raise _refused(asked, status, body, headers)
            waited += wait
            self._sleep(wait)
        raise AssertionError(asked)

    def _once(self, asked: str, url: str, query: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        library = self._library
        full = f"{url}?{urlencode(query)}" if query else url
        signed = {"accept": "application/json", **self._headers(url, query)}
        try:
            with self._client.stream("GET", full, headers=signed) as answer:
                parts, size = [], 0
                for part in answer.iter_bytes():
                    size += len(part)
                    if size > MOST_BYTES:
                        raise failed("AP528", asked, f"the answer is larger than {MOST_BYTES // 2**20} MB")
                    parts.append(part)
                named = {name.lower(): value for name, value in answer.headers.items()}
                return answer.status_code, named, b"".join(parts)
        except library.TimeoutException:
            raise failed(
                "AP529", asked, "no answer in time", fix="try again; check proxy and firewall"
            ) from None
        except library.RemoteProtocolError as error:
            raise failed(
                "AP528", asked, "the answer was cut short", got=_short(str(error)), fix="try again"
            ) from None
        except library.DecodingError:
            raise failed("AP527", asked, "the answer cannot be decompressed") from None
        except library.TransportError as error:
            raise _unreachable(asked, error) from None


def _unreachable(asked: str, error: Exception) -> LiveError:
    if _is_tls(error):
        fix = "check the address; for a private authority set SSL_CERT_FILE"
        return failed(
            "AP529", asked, "the certificate or the TLS handshake failed", got=_short(str(error)), fix=fix
        )
    fix = "check the address, proxy and firewall"
    return failed("AP529", asked, "no connection", got=_short(str(error)), fix=fix)


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLError) or "CERTIFICATE" in str(error) or "[SSL" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _json(asked: str, body: bytes) -> dict[str, Any]:
    try:
        text = body.decode("utf-8-sig")
        found = json.loads(text)
    except json.JSONDecodeError as error:
        ended = error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip())
        if text.strip().startswith(("{", "[")) and ended:
            raise failed("AP528", asked, "the answer ends in the middle", fix="try again") from None
        raise failed(
            "AP527", asked, "the answer is no JSON", fix="is this the cloud's own address?"
        ) from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise failed(
            "AP527", asked, "the answer is no JSON", fix="is this the cloud's own address?"
        ) from None
    if not isinstance(found, dict | list):
        raise failed("AP527", asked, "the answer is no JSON object")
    return found if isinstance(found, dict) else {"items": found}


def _refused(asked: str, status: int, body: bytes, headers: Mapping[str, str]) -> LiveError:
    said = f"HTTP {status}{_said(body)}"
    if status in (401, 403):
        fix = "sign in again, or ask for the right to read this listing"
        return failed("AP524", asked, "the cloud refuses these credentials", got=said, fix=fix)
    if status == 404:
        return failed("AP525", asked, "the cloud does not know what was asked for", got=said,
                      fix="check region, subscription, project or compartment, and the address")  # fmt: skip
    if status == 429:
        after = headers.get("retry-after", "")
        fix = f"try again in {after} seconds" if after.isdigit() else "try again later"
        return failed("AP526", asked, "the cloud throttles these questions", got=said, fix=fix)
    if status in _AGAIN:
        return failed("AP526", asked, "the cloud's listing is not available", got=said, fix="try again later")
    if 300 <= status < 400:
        return failed("AP527", asked, "the answer leads elsewhere, which is not followed", got=said,
                      fix="name the final address")  # fmt: skip
    return failed("AP527", asked, "the cloud did not take the question", got=said)


def _said(body: bytes) -> str:
    """Code and message of an error body: Azure and Google wrap them in `error`, Oracle does not."""
    try:
        found = json.loads(body[:65536])
    except (ValueError, RecursionError):
        return ""
    inner = found.get("error", found) if isinstance(found, dict) else {}
    if not isinstance(inner, dict):
        return ""
    parts = [inner.get(key) for key in ("status", "code", "message")]
    return "".join(f", {_short(part)}" for part in parts if isinstance(part, str) and part)


def _short(text: str) -> str:
    """One printable line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 200 else line[:199] + "…"


def _wait(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds: as the cloud asks (a number, or a day and time against its own `Date`), else 1, 2, 4."""
    asked = headers.get("retry-after", "").strip()
    try:
        if asked.replace(".", "", 1).isdigit():
            return float(asked)
        if asked:
            gap = parsedate_to_datetime(asked) - parsedate_to_datetime(headers.get("date", ""))
            return max(0.0, gap.total_seconds())
    except (ValueError, TypeError):
        pass
    return float(2 ** (attempt - 1))
