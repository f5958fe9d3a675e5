"""A target's error in the shape that callers of an OpenAI API read, whatever the vendor's own shape is.

Azure leaves members out, Vertex AI answers `[{"error": {"code": 404, "message", "status"}}]`, OCI
`{"code", "message"}`, a proxy on the way HTML. The vendor's message, code and further members are kept, and the
status too. The gateway's Lua (`gateway/lua/errors.lua`) says the same; tests hold the two to each other.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeGuard

__all__ = ["ERROR_BYTES", "ErrorBody", "openai_error"]

ERROR_BYTES = 65536
"""What of an error's body is looked at; a longer one is cut and no longer read as JSON."""
_MESSAGE_BYTES = 4000
_DEEPEST = 64
_BLANKS = " \t\n\r\v\f"
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_FIELDS = frozenset({"message", "type", "param", "code"})


class _Number(str):
    """A number as it was written, so that none loses digits on its way."""

    __slots__ = ()


class ErrorBody:
    """Collects an error's body, as far as it is looked at."""

    def __init__(self, status: int, *, readable: bool) -> None:
        """`readable` is whether it comes uncompressed, as was asked for."""
        self._status, self._readable = status, readable
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, piece: bytes) -> bool:
        """The next piece. Says whether more of them are of use."""
        if self._readable:
            self._parts.append(piece)
            self._size += len(piece)
        return self._readable and self._size <= ERROR_BYTES

    def end(self) -> bytes:
        """The body for the caller."""
        return openai_error(self._status, b"".join(self._parts))


def openai_error(status: int, raw: bytes) -> bytes:
    """The body for the caller.

    Args:
        status: of the answer; decides the type where the vendor names none.
        raw: the vendor's body; one byte more than `ERROR_BYTES` is enough to know that it was longer.
    """
    text = re.sub("[\udc80-\udcff]", "\ufffd", raw[:ERROR_BYTES].decode(errors="surrogateescape"))
    found, outer = _error_of(_read(text) if len(raw) <= ERROR_BYTES else None)
    plain = found.get("error") if outer is None else None
    message = plain if _is_text(plain) else found.get("message")
    if not _is_text(message):
        said = text.strip(_BLANKS) or f"The target answered {status} and did not say why."
        return _written({"error": _four(status, said, {})})
    others = _FIELDS | {"error"} if _is_text(plain) else _FIELDS
    error = {
        **_four(status, message, found),
        **{name: value for name, value in found.items() if name not in others},
    }
    beside = {name: value for name, value in (outer or {}).items() if name != "error"}
    return _written({"error": error, **beside})


def _four(status: int, message: str, found: dict[str, Any]) -> dict[str, Any]:
    given = "server_error" if status >= 500 else "invalid_request_error"
    kind, param = found.get("type"), found.get("param")
    return {
        "message": _bounded(message),
        "type": _whole(kind) if _is_text(kind) else _TYPES.get(status, given),
        "param": _whole(param) if _is_text(param) else None,
        "code": _code(found.get("code"), found.get("status")),
    }


def _code(code: Any, status: Any) -> str | None:
    """Google says in words what its code says in a number, and words are what an OpenAI client compares."""
    for value in (code, status):
        if _is_text(value):
            return _whole(value)
    return str(code) if isinstance(code, _Number) else None


def _error_of(value: Any) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The map that holds the vendor's message, and the map around it if there is one."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, dict):
        return {}, None
    inner = value.get("error")
    return (inner, value) if isinstance(inner, dict) else (value, None)


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and not isinstance(value, _Number)


def _read(text: str) -> Any:
    """The value of a JSON text; None for what is none."""
    try:
        value = json.loads(text, parse_int=_Number, parse_float=_Number, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if _depth(value) <= _DEEPEST else None


def _refuse(name: str) -> None:
    raise ValueError(name)


def _depth(value: Any) -> int:
    depth, left = 0, [value]
    while left:
        depth += 1
        inner: list[Any] = []
        for each in left:
            if isinstance(each, dict):
                inner += each.values()
            elif isinstance(each, list):
                inner += each
        left = inner
    return depth


def _bounded(message: str) -> str:
    message = _whole(message)
    raw = message.encode()
    if len(raw) <= _MESSAGE_BYTES:
        return message
    return raw[:_MESSAGE_BYTES].decode(errors="ignore") + "…"


def _whole(text: str) -> str:
    """Without halves of characters, which JSON can name and UTF-8 cannot."""
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _written(body: dict[str, Any]) -> bytes:
    return _text_of(body).encode()


def _text_of(value: Any) -> str:
    """JSON with numbers as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{" + ",".join(f"{json.dumps(_whole(key))}:{_text_of(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_text_of(item) for item in value) + "]"
    return json.dumps(value)
