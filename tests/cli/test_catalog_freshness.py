"""An old catalog is said once per run, in every format, and fails nothing."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from check_runs import OCI, ONE, SOUTH, Anyport, Checkout

from anyport.catalog import load
from anyport.freshness import STALE_DAYS
from anyport_cli.output import NAMES

GOOD = ONE.format(tier="prod") + OCI + SOUTH
FRESH = str(load().collected_on + timedelta(days=STALE_DAYS))
STALE = str(load().collected_on + timedelta(days=STALE_DAYS + 1))
SAID = f"{STALE_DAYS + 1} days old"


@pytest.mark.parametrize("name", NAMES)
def test_check_says_it_once_in_each_format(checkout_of: Checkout, anyport: Anyport, name: str) -> None:
    for stack in ("a", "b"):
        checkout_of.write(f"Pulumi.{stack}.yaml", GOOD)
    fresh = anyport("check", "--format", name, "--today", FRESH)
    stale = anyport("check", "--format", name, "--today", STALE)
    assert fresh.code == stale.code == 0
    assert fresh.out.count("days old") == 0
    assert stale.out.count(SAID) == 1
    assert stale.out.count("anyport catalog refresh") == 1


def test_it_is_no_finding(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    fresh = json.loads(anyport("check", "--format", "json", "--today", FRESH).out)
    stale = json.loads(anyport("check", "--format", "json", "--today", STALE).out)
    assert fresh["counts"] == stale["counts"]
    assert [SAID in remark for remark in stale["remarks"]] == [True]
    assert fresh["remarks"] == []


def test_gitlab_knows_it_again_on_another_day(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)

    def issue(days: int) -> tuple[str, str]:
        day = str(load().collected_on + timedelta(days=days))
        found = json.loads(anyport("check", "--format", "gitlab", "--today", day).out)
        (one,) = [one for one in found if "days old" in one["description"]]
        return one["fingerprint"], one["severity"]

    assert issue(40) == issue(41)
    assert issue(40)[1] == "info"


def test_with_a_base_it_is_said_once_too(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    base = checkout_of.commit()
    assert anyport("check", "--base", base, "--today", STALE).out.count(SAID) == 1


@pytest.mark.parametrize(
    "command", [("plan",), ("catalog", "show"), ("catalog", "calendar"), ("catalog", "successors")]
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_other_commands_say_it_too(
    checkout_of: Checkout, anyport: Anyport, command: tuple[str, ...], output: str
) -> None:
    for stack in ("a", "b"):
        checkout_of.write(f"Pulumi.{stack}.yaml", GOOD)
    assert SAID not in anyport(*command, "--format", output, "--today", FRESH).out
    stale = anyport(*command, "--format", output, "--today", STALE)
    assert stale.code == 0
    assert stale.out.count(SAID) == 1
