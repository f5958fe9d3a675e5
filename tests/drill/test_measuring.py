"""Numbers and verdicts from observations made by hand: the good ones are kept, and every single offence is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from drill_helpers import FIRST, SECOND, THIRD, broken_clauses, call, cut, hit, outage, recipe

from anyport_sandbox.drill.judge import judge, judge_memory
from anyport_sandbox.drill.measure import measure, percentile
from anyport_sandbox.drill.model import Call, Fault, Hit, Memory, Observation, Rules, Step


def adding(seen: Observation, calls: tuple[Call, ...] = (), hits: tuple[Hit, ...] = ()) -> Observation:
    ordered = sorted((*seen.hits, *hits), key=lambda each: each.arrived)
    return replace(seen, calls=(*seen.calls, *calls), hits=tuple(ordered))


def test_a_good_failover_is_measured_and_kept() -> None:
    found = measure(outage(), recipe(Rules()))
    assert (found.calls, found.lost, found.silent, found.told) == (11, 0, 0, 0)
    assert (found.dead_hits, found.dead_hits_known, found.trials) == (4, 0, 2)
    assert found.fail_over_seconds == pytest.approx(0.003)
    assert found.fail_back_seconds == pytest.approx(0.632)
    assert found.added_p50_seconds == pytest.approx(0.0)
    assert broken_clauses(outage()) == {}


def test_a_good_report_of_a_cut_is_kept() -> None:
    assert broken_clauses(cut()) == {}
    assert broken_clauses(cut(Fault.NO_DONE)) == {}


OFFENCES: dict[str, tuple[int, str, Callable[[Observation], Observation]]] = {
    "a request is lost": (
        1, "1 of 12 requests lost", lambda seen: adding(seen, (call(20, 2.0, outcome="refused", status=503),)),
    ),
    "a request gets no answer": (
        1, "1 of 12 requests lost", lambda seen: adding(seen, (call(20, 2.0, outcome="failed", first_byte=None),)),
    ),
    "nobody asked": (1, "0 of 0 requests lost", lambda seen: replace(seen, calls=(), hits=())),
    "a target is asked twice": (
        2, "1 second attempts at one target", lambda seen: adding(seen, hits=(hit(SECOND, 4, 1.6),)),
    ),
    "a dead target is asked in its cool-down": (
        2, "2 hits on a target known to be dead",
        lambda seen: adding(seen, (call(20, 1.7, SECOND, 2),), (hit(FIRST, 20, 1.7, well=False), hit(SECOND, 20, 1.71))),
    ),
    "two trials at once": (
        2, "1 hits on a target known to be dead",
        lambda seen: adding(
            seen, (call(20, 2.1105, SECOND, 2),), (hit(FIRST, 20, 2.1105, well=False), hit(SECOND, 20, 2.12)),
        ),
    ),
    "a request waits too long": (
        2, "1 requests over the sum of timeouts", lambda seen: adding(seen, (call(20, 0.6, wait=0.71),), (hit(FIRST, 20, 1),)),
    ),
    "the target does not come back": (
        3, "did not come back",
        lambda seen: replace(seen, calls=tuple(c for c in seen.calls if c.number < 10)),
    ),
    "the target comes back late": (
        3, "back after 3.50 s", lambda seen: replace(seen, healed=0.632),
    ),
    "a herd comes with the trial": (
        3, "2 requests beside the trial",
        lambda seen: adding(seen, (call(20, 4.2), call(21, 4.2)), (hit(FIRST, 20, 4.2), hit(FIRST, 21, 4.2))),
    ),
    "an answer is cut silently": (
        4, "1 answers cut silently", lambda seen: adding(seen, (call(20, 0.6, outcome="silent"),)),
    ),
    "an answer does not say who served": (
        5, "1 answers that do not say", lambda seen: adding(seen, (call(20, 0.6, served_by=""),), (hit(FIRST, 20, 0.6),)),
    ),
    "an answer names another": (
        5, "1 answers that do not say", lambda seen: adding(seen, (call(20, 0.6, said=SECOND),), (hit(FIRST, 20, 0.6),)),
    ),
    "attempts are left out": (
        5, "1 answers that do not say",
        lambda seen: adding(seen, (call(20, 1.05, SECOND),), (hit(FIRST, 20, 1.05, well=False), hit(SECOND, 20, 1.06))),
    ),
    "the metrics miss the fallback": (
        5, "3 requests of fallbacks missing", lambda seen: replace(seen, counted={FIRST: 7, SECOND: 5}),
    ),
    "the log misses the death": (5, "1 deaths missing in the log", lambda seen: replace(seen, logged=())),
    "tools go to a target without them": (
        6, "1 requests at a target without",
        lambda seen: adding(seen, (call(20, 1.5, SECOND, tools=True),), (hit(SECOND, 20, 1.5),)),
    ),
}  # fmt: skip


ALSO = {
    "nobody asked": {3},
    "the target comes back late": {2},
    "an answer is cut silently": {1},
    "a target is asked twice": {5},
}
"""Other clauses that the same offence breaks by its nature."""


@pytest.mark.parametrize("offence", OFFENCES)
def test_every_offence_is_found_and_nothing_else(offence: str) -> None:
    clause, says, spoil = OFFENCES[offence]
    found = broken_clauses(spoil(outage()))
    assert says in found.get(clause, ""), found
    allowed = {clause} | ALSO.get(offence, set())
    assert found.keys() <= allowed, found


def test_a_cut_that_nobody_is_told_of_proves_nothing() -> None:
    seen = cut()
    healthy = replace(seen, calls=tuple(replace(c, outcome="answered", said=FIRST) for c in seen.calls))
    assert broken_clauses(healthy) == {4: "0 callers told of a cut, 0 requests moved on after the first byte"}


def test_moving_on_after_the_first_byte_is_an_offence() -> None:
    assert 4 in broken_clauses(adding(cut(), hits=(hit(SECOND, 2, 1.3),)))


def test_a_caller_s_own_mistake_must_stay_with_the_caller() -> None:
    seen = cut(Fault.S400)
    refused = replace(seen, calls=(seen.calls[0], call(2, 1.2, outcome="refused", status=400), seen.calls[2]))
    assert broken_clauses(refused) == {}
    assert 1 in broken_clauses(adding(refused, hits=(hit(SECOND, 2, 1.3),)))
    assert 1 in broken_clauses(seen), "a cut is no refusal"


def test_attempts_that_no_server_saw_are_counted_from_the_headers() -> None:
    seen = outage(Fault.REFUSE)
    unseen = replace(seen, hits=tuple(each for each in seen.hits if each.well))
    found = measure(unseen, recipe(Rules()))
    assert (found.dead_hits, found.dead_hits_known, found.trials, found.untold) == (4, 0, 2, 0)
    early = adding(unseen, (call(20, 1.7, SECOND, 2),), (hit(SECOND, 20, 1.701),))
    assert 2 in broken_clauses(early)


def test_when_all_are_broken_the_last_must_be_tried() -> None:
    everyone = dict.fromkeys((FIRST, SECOND, THIRD), Fault.S503)
    calls = tuple(
        call(number, 1.0 + number / 10, THIRD, 3 if number < 3 else 1, outcome="refused", status=503)
        for number in range(1, 5)
    )
    hits = [hit(THIRD, c.number, c.started + 0.002, well=False) for c in calls]
    hits += [hit(name, n, 1 + n / 10, well=False) for name in (FIRST, SECOND) for n in (1, 2)]
    seen = Observation(Step(everyone), 0.4, 1.0, 1.45, 2.0, (*calls, call(9, 1.9)), (*hits, hit(FIRST, 9, 1.9)),
                       {}, (FIRST, SECOND, THIRD))  # fmt: skip
    assert broken_clauses(seen) == {}
    left_out = replace(seen, hits=tuple(h for h in seen.hits if (h.target, h.call) != (THIRD, 4)))
    assert broken_clauses(left_out) == {2: "1 requests without a try at the last target"}


def test_a_drill_without_a_verdict_is_not_kept() -> None:
    seen = outage()
    made = recipe(Rules())
    assert all(row.kept for row in judge(seen, measure(seen, made), made))
    assert {row.clause for row in judge(seen, measure(seen, made), made)} == {1, 2, 3, 4, 5, 6}


def test_memory_must_be_flat_and_enough_of_it_seen() -> None:
    def samples(*values: float) -> list[Memory]:
        return [Memory(float(at), value, 60.0) for at, value in enumerate(values)]

    flat = judge_memory(samples(*[70.0] * 20))
    assert [row.kept for row in flat] == [True, True]
    growing = judge_memory(samples(*[70.0 + 3 * step for step in range(20)]))
    assert [row.kept for row in growing] == [False, True]
    assert [row.kept for row in judge_memory(samples(70.0, 70.0))] == [False, False]
    assert [row.kept for row in judge_memory(samples(*[0.0] * 20))] == [False, True], (
        "not to be seen is no proof"
    )


def test_percentiles_of_few_values() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3.0], 0.99) == 3.0
    assert percentile([float(n) for n in range(100)], 0.99) == 99.0


LAST_WELL = [hit(THIRD, -1, 1.6)]


@pytest.mark.parametrize(
    ("tools", "third", "premature"),
    [
        (True, [], 0),
        (True, LAST_WELL, 1),
        (True, [*LAST_WELL, hit(THIRD, -2, 1.7, well=False)], 0),
        (True, [hit(THIRD, -1, 1.0)], 0),
        (False, [], 1),
    ],
    ids=["never asked", "answered lately", "failed since", "answered long ago", "another serves"],
)
def test_beside_a_trial_only_those_may_ask_whom_nothing_known_to_be_well_can_serve(
    tools: bool, third: list[Hit], premature: int
) -> None:
    """Tools are known to the first and the third target, both broken; without tools the second one serves."""
    assert measure(beside_the_trial(tools, third), recipe()).dead_hits_known == premature


def beside_the_trial(tools: bool, more: list[Hit]) -> Observation:
    """The outage with a second request at 2.115, while the trial of 2.11 is under way; the third target is broken too."""
    seen = outage()
    both = replace(seen.step, broken={FIRST: Fault.S503, THIRD: Fault.S503})
    trial = [
        replace(each, arrived=2.05, ended=2.118) if (each.call, each.target) == (5, FIRST) else each
        for each in seen.hits
    ]
    hits = [
        *trial, *more,
        hit(FIRST, 12, 2.115, well=False), hit(THIRD if tools else SECOND, 12, 2.117, well=not tools),
    ]  # fmt: skip
    asked = call(12, 2.114, SECOND, 2, tools=tools)
    return replace(
        seen, step=both, calls=(*seen.calls, asked), hits=tuple(sorted(hits, key=lambda h: h.arrived))
    )


def test_one_trial_and_those_who_are_cornered_are_no_herd_however_they_arrive() -> None:
    """Two that passed the gateway one after the other may come to the target the other way round."""
    seen = outage()
    third = [hit(THIRD, -n, 1.2 + n / 10, well=False) for n in range(2)]
    both = replace(seen.step, broken={FIRST: Fault.S503, THIRD: Fault.S503})
    seen = replace(seen, step=both)
    just_before = adding(seen, (call(20, 4.12, tools=True),), (*third, hit(FIRST, 20, 4.1299, 0.3)))
    assert measure(just_before, recipe()).herd == 0
    long_before = adding(seen, (call(20, 4.0, tools=True),), (*third, hit(FIRST, 20, 4.0, 0.4)))
    assert measure(long_before, recipe()).herd == 1


def test_once_one_has_been_answered_the_others_are_no_herd() -> None:
    seen = adding(outage(), (call(20, 4.5),), (hit(FIRST, 20, 4.5),))
    slow = replace(seen, hits=tuple(
        replace(each, ended=4.9) if each.call == 11 else each for each in seen.hits
    ))  # fmt: skip
    assert measure(slow, recipe()).herd == 0


def test_when_all_are_broken_a_request_that_the_first_one_answers_again_needs_no_last() -> None:
    everyone = dict.fromkeys((FIRST, SECOND, THIRD), Fault.S503)
    calls = (call(1, 0.5), call(2, 1.44, attempts=1), call(9, 1.9))
    hits = (hit(FIRST, 1, 0.5), hit(FIRST, 2, 1.451), hit(FIRST, 9, 1.9))
    seen = Observation(Step(everyone), 0.4, 1.0, 1.45, 2.0, calls, hits, {}, ())
    assert measure(seen, recipe()).last_not_tried == 0


@pytest.mark.parametrize(
    ("fault", "started", "lost"),
    [(Fault.BLACKHOLE, 3.8, 0), (Fault.BLACKHOLE, 3.95, 1), (Fault.S503, 3.8, 1)],
    ids=["a connection begun before the recovery hangs", "none can hang any more", "nothing hangs"],
)
def test_what_waits_for_a_hanging_connection_is_not_lost_by_the_gateway(
    fault: Fault, started: float, lost: int
) -> None:
    seen = outage()
    both = replace(seen.step, broken={FIRST: Fault.S503, THIRD: fault})
    asked = call(20, started, THIRD, outcome="refused", status=503, tools=True)
    assert measure(replace(seen, step=both, calls=(*seen.calls, asked)), recipe()).lost == lost
