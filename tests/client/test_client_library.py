"""The transport is made of the library that the installed `openai` is made of."""

from __future__ import annotations

from importlib import metadata, util
from typing import Any

import pytest
from client_helpers import Harness

from anyport.client import httpx
from anyport.client.library import library_name


@pytest.mark.parametrize(
    ("required", "installed", "chosen"),
    [
        (["httpx2<3,>=2.5", "anyio"], {"httpx", "httpx2"}, "httpx2"),
        (["httpx<1,>=0.23.0", "anyio"], {"httpx", "httpx2"}, "httpx"),
        (["httpx[http2]>=0.23.0"], {"httpx", "httpx2"}, "httpx"),
        (["httpx2"], {"httpx"}, "httpx"),
        (None, {"httpx", "httpx2"}, "httpx2"),
        (None, {"httpx"}, "httpx"),
    ],
)
def test_what_openai_requires_is_taken_and_else_what_is_there(
    monkeypatch: pytest.MonkeyPatch, required: list[str] | None, installed: set[str], chosen: str
) -> None:
    def requires(name: str) -> list[str]:
        if required is None:
            raise metadata.PackageNotFoundError(name)
        return required

    monkeypatch.setattr(metadata, "requires", requires)
    monkeypatch.setattr(util, "find_spec", lambda name: name if name in installed else None)
    assert library_name() == chosen


def test_with_neither_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda _name: None)
    with pytest.raises(ImportError, match="pip install openai"):
        library_name()


def test_a_client_of_another_library_is_told_so(harness: Harness) -> None:
    class Request:
        """Of a library that is not ours."""

    other: Any = Request()
    with pytest.raises(TypeError, match=httpx.__name__):
        harness.transport.handle_request(other)
