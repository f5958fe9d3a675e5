"""Where in a file a finding belongs: the lines of the endpoint's or the target's key."""

from __future__ import annotations

from anyport.source import Source

__all__ = ["Places"]


class Places:
    """Lines of the endpoints and targets of one file, looked up by the path of a finding."""

    def __init__(self, source: Source) -> None:
        """Take a source whose paths begin with `endpoints`.

        The last line of a key is where the last key or item below it begins: a block of text that ends later
        is cut short, which is enough for showing it.
        """
        self._source = source
        self._ends: dict[tuple[str | int, ...], int] = {}
        for path, at in source.positions.items():
            if path and path[0] == "endpoints":
                for size in (2, 4):
                    if len(path) >= size and at.line > self._ends.get(path[:size], 0):
                        self._ends[path[:size]] = at.line

    def of(self, path: str) -> tuple[int, int, int]:
        """First line, last line and column of `endpoints.<name>[.targets.<target>]`; zeros when not known.

        A target that the file does not have is shown at its endpoint.
        """
        parts = tuple(path.split("."))
        at = self._source.at(parts)
        while parts and parts not in self._source.positions:
            parts = parts[:-1]
        return at.line, max(at.line, self._ends.get(parts, 0)), at.column
