"""Names are part of the interface: a change here renames resources in the clouds of users."""

from __future__ import annotations

import re

import pytest

from anyport.naming import digest, physical_name, stable_uuid


def test_names_are_what_they_were() -> None:
    assert (
        physical_name("chat", "azure-east", limit=60, unique=("organization", "p", "s", "n"))
        == "chat-azure-east-785c3c"
    )
    assert physical_name("chat", "coreweave", limit=63) == "chat-coreweave"
    assert stable_uuid("a", "b") == "5d6d5700-0909-5a93-bf8f-4287b0515d21"


@pytest.mark.parametrize("limit", [8, 20, 30, 63])
def test_a_long_name_is_cut_and_stays_distinct(limit: int) -> None:
    one = physical_name("x" * 80, "a", limit=limit)
    two = physical_name("x" * 80, "b", limit=limit)
    assert len(one) <= limit
    assert one != two
    assert re.fullmatch(r"[a-z][a-z0-9-]*[a-z0-9]", one)


def test_odd_characters_and_a_leading_digit() -> None:
    assert physical_name("9Lives", "É_x", limit=30) == "a-9lives-x"


def test_parts_do_not_run_into_each_other() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_a_limit_without_room_is_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        physical_name("a", limit=7)
