"""The end of a stream: a body that ends in order without its last event would look complete to the caller."""

from __future__ import annotations

__all__ = ["EndWatch"]

_ENDS: dict[str, frozenset[bytes]] = {
    "chat_completions": frozenset({b"data: [DONE]", b"data:[DONE]"}),
    "responses": frozenset(
        prefix + name
        for prefix in (b"event: ", b"event:")
        for name in (b"response.completed", b"response.failed", b"response.incomplete", b"error")
    ),
}
_LONGEST = 64


class EndWatch:
    """Looks for the last event, line by line, in pieces cut anywhere."""

    def __init__(self, api: str) -> None:
        self._ends = _ENDS.get(api)
        self._line = b""
        self.seen = self._ends is None

    def feed(self, piece: bytes) -> None:
        """The next piece of the body."""
        if self.seen or self._ends is None:
            return
        *lines, rest = (self._line + piece.replace(b"\r", b"\n")).split(b"\n")
        self.seen = any(line.rstrip() in self._ends for line in lines)
        # A line that is already longer than every sign is none, however it goes on.
        self._line = rest[:_LONGEST]

    def end(self) -> bool:
        """The body is over. Says whether it was complete."""
        return self.seen or (self._ends is not None and self._line.rstrip() in self._ends)
