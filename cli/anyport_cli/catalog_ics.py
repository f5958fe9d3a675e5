"""A calendar as iCalendar text (RFC 5545): the same input gives the same bytes, and entries keep their identity.

An entry is known by what ends, so a retirement that moves is the same entry on another day, also where two
calendars name it. Nothing here reads a clock: DTSTAMP is the day that was asked about.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import click

from anyport.catalog.calendar import Calendar, Event, undated_lines
from anyport_policies.report.escape import plain

__all__ = ["ics"]

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://anyport.invalid/calendar")
_WORDS = {"model_retirement": "model", "api_retirement": "API", "waiver_expiry": "waiver"}


def ics(calendar: Calendar, today: date, alarm_days: Sequence[int]) -> str:
    """The text, lines ended as the RFC wants.

    Args:
        calendar: what ends when.
        today: the day it is; entries before it have no alarms.
        alarm_days: days ahead on which to remind.

    Raises:
        UsageError: the package `icalendar` is not installed.
    """
    try:
        import icalendar
    except ImportError:
        raise click.UsageError(
            "--format ics needs the package icalendar; run: pip install 'anyport[calendar]'"
        ) from None
    stamp = datetime.combine(today, time(), UTC)
    made: Any = icalendar.Calendar()
    made.add("prodid", "-//Anyport//catalog calendar//EN")
    made.add("version", "2.0")
    made.add("name", "Anyport retirements")
    made.add("x-wr-calname", "Anyport retirements")
    if calendar.undated:
        known = "; ".join(plain(line) for line in undated_lines(calendar))
        made.add("description", f"No day is known for: {known}")
    for event in calendar.events:
        entry = _entry(icalendar, event, stamp)
        if event.day > today:
            for days in sorted(set(alarm_days), reverse=True):
                entry.add_component(_alarm(icalendar, event, days))
        made.add_component(entry)
    if not calendar.events:
        made.add_component(_nothing(icalendar, stamp, today))
    return bytes(made.to_ical()).decode("utf-8")


def _entry(icalendar: Any, event: Event, stamp: datetime) -> Any:
    entry = icalendar.Event()
    entry.add("uid", _uid(event.key))
    entry.add("dtstamp", stamp)
    entry.add("dtstart", event.day)
    entry.add("dtend", event.day + timedelta(days=1))
    entry.add("summary", plain(event.title))
    entry.add("description", "\n".join(plain(line) for line in _lines(event)))
    entry.add("categories", [_WORDS[event.kind]])
    entry.add("status", "CONFIRMED" if event.certain else "TENTATIVE")
    entry.add("transp", "TRANSPARENT")
    return entry


def _lines(event: Event) -> list[str]:
    lines = [f"Touches {name}" for name in event.touches]
    if event.conflict:
        lines.append(f"The earliest date governs; {event.conflict}")
    return [*lines, f"Source: {event.source}"]


def _alarm(icalendar: Any, event: Event, days: int) -> Any:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", plain(f"In {days} days: {event.title}" if days else f"Today: {event.title}"))
    alarm.add("trigger", timedelta(days=-days))
    return alarm


def _nothing(icalendar: Any, stamp: datetime, today: date) -> Any:
    """The RFC wants a component; a journal entry takes no place in anybody's day."""
    entry = icalendar.Journal()
    entry.add("uid", _uid("nothing"))
    entry.add("dtstamp", stamp)
    entry.add("dtstart", today)
    entry.add("summary", "No retirement with a known day")
    return entry


def _uid(key: str) -> str:
    return str(uuid.uuid5(NAMESPACE, plain(key)))
