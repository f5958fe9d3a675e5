"""Python source as a tree, in a process where other threads parse, too."""

from __future__ import annotations

import ast

TRIES = 5


def parsed(source: str) -> ast.Module:
    """The tree of a module.

    CPython 3.11 counts the depth of all threads in one place (gh-106905) and refuses a right text with SystemError when
    another thread parses at the same moment; the next try has a count of its own.
    """
    for left in reversed(range(TRIES)):
        try:
            return ast.parse(source)
        except SystemError:
            if not left:
                raise
    raise AssertionError
