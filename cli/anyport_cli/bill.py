"""`anyport bill`: what endpoints and targets cost, from the clouds' own exports."""

from __future__ import annotations

import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .inputs import day, format_option, print_json, show_problems, today_option

if TYPE_CHECKING:
    from anyport.bill.estimate import Estimate
    from anyport.bill.model import Report
    from anyport.bill.usage import Usage
    from anyport.errors import Problem
    from anyport.plan import Plan

__all__ = ["bill"]


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="EXPORTS...")
@click.option(
    "--stacks",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Stack files or folders of them.  [default: stacks/ where it is there]",
)
@click.option("--usage", type=click.Path(path_type=Path), help="CSV of tokens per endpoint and target.")
@click.option(
    "--estimate", type=click.Path(path_type=Path), help="JSON of what each target was expected to cost."
)
@click.option(
    "--month", metavar="YYYY-MM", help="Billing month to report.  [default: all that the exports hold]"
)
@click.option(
    "--drift-percent",
    type=click.IntRange(0, 1000),
    default=20,
    show_default=True,
    help="How far bill and estimate may be apart.",
)
@click.option(
    "--memory", default="512MB", show_default=True, metavar="SIZE", help="Memory for sorting and summing."
)
@format_option
@today_option
def bill(
    paths: tuple[str, ...],
    stacks: tuple[Path, ...],
    usage: Path | None,
    estimate: Path | None,
    month: str | None,
    drift_percent: int,
    memory: str,
    output: str,
    today: str | None,
) -> None:
    """Show what endpoints and targets cost, from FOCUS exports of the clouds.

    EXPORTS are files (CSV, gzipped CSV or Parquet), folders of them, or places in object stores: s3://bucket/prefix,
    gs://bucket/prefix, az://container/prefix, https://account.blob.core.windows.net/container/prefix,
    oci://bucket@namespace/prefix. These are copied into a working folder ($TMPDIR) that is removed at the end.

    Exit 0 ok, 1 a finding (untagged, idle or drifting spend), 2 wrong input, 3 something broke.
    """
    if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise click.BadParameter(f"{month!r} is no month; write YYYY-MM", param_hint="--month")
    if not re.fullmatch(r"[1-9]\d*\s?([KMG]i?B)", memory, re.IGNORECASE):
        raise click.BadParameter(f"{memory!r} is no size; write 512MB or 2GB", param_hint="--memory")
    try:
        import duckdb  # noqa: F401
    except ImportError:
        raise click.UsageError("bill reads exports with DuckDB; run: pip install 'anyport[bill]'") from None
    from anyport.bill.report import read_bills
    from anyport.errors import AnyportError

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the working folder goes also then
    plans, problems = _plans(stacks, today)
    counted, expected = _files(usage, estimate, problems)
    report = None
    try:
        report = read_bills(
            paths,
            plans,
            month=month,
            usage=counted,
            estimate=expected,
            drift_percent=drift_percent,
            memory=memory,
            told=_told,
        )
    except AnyportError as error:
        problems += error.problems
    _deliver(None if problems else report, problems, output)
    raise click.exceptions.Exit(2 if problems or report is None else 1 if report.failed else 0)


def _told(what: str) -> None:
    """A fetch may take minutes: somebody who looks on is told."""
    if sys.stderr.isatty():
        click.echo(f"anyport bill: {what}", err=True)


def _plans(stacks: tuple[Path, ...], today: str | None) -> tuple[list[tuple[str, Plan]], list[Problem]]:
    from .inputs import load_plans, stack_files

    if not stacks and not any(Path("stacks").glob("Pulumi.*.yaml")):
        return [], []
    plans, problems = load_plans(stack_files(stacks), day(today))
    return [(str(path), plan) for path, plan in plans.items()], problems


def _files(
    usage: Path | None, estimate: Path | None, problems: list[Problem]
) -> tuple[Usage | None, Estimate | None]:
    from anyport.bill.estimate import read_estimate
    from anyport.bill.usage import read_usage
    from anyport.errors import AnyportError

    counted, expected = None, None
    try:
        counted = read_usage(usage) if usage else None
    except AnyportError as error:
        problems += error.problems
    try:
        expected = read_estimate(estimate) if estimate else None
    except AnyportError as error:
        problems += error.problems
    return counted, expected


def _deliver(report: Report | None, problems: list[Problem], output: str) -> None:
    if output == "json":
        body = report.to_dict() if report else {}
        print_json({**body, "problems": [problem.to_dict() for problem in problems]})
        return
    if report:
        from .bill_text import bill_text

        click.echo(bill_text(report), nl=False)
    show_problems(problems)
