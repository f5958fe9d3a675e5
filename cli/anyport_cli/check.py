"""`anyport check`: stack files against the policies, offline."""

from __future__ import annotations

from pathlib import Path

import click

from anyport_policies.engine import Finding, evaluate
from anyport_policies.facts import from_plan
from anyport_policies.rules import RULES

from .inputs import day, format_option, load_plans, print_json, show_problems, stack_files, today_option

__all__ = ["check"]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@format_option
@today_option
def check(paths: tuple[Path, ...], output: str, today: str | None) -> None:
    """Judge stack files against the policies, with no engine and no network.

    STACK FILES are files or folders; stacks/ when left out. Exit 1 when a mandatory rule is broken.
    """
    when = day(today)
    files = stack_files(paths)
    plans, problems = load_plans(files, when)
    findings = {path: evaluate(from_plan(plan), RULES, when) for path, plan in plans.items()}
    broken = [finding for found in findings.values() for finding in found if finding.level == "mandatory"]
    if output == "json":
        print_json(
            {
                "findings": [
                    {"file": str(path), **f.to_dict()} for path, found in findings.items() for f in found
                ],
                "problems": [problem.to_dict() for problem in problems],
            }
        )
    else:
        for path, found in findings.items():
            _show(path, found)
        show_problems(problems)
    raise click.exceptions.Exit(2 if problems else 1 if broken else 0)


def _show(path: Path, findings: tuple[Finding, ...]) -> None:
    if not findings:
        click.echo(f"{path}: ok")
    for finding in findings:
        click.echo(f"{path}: {finding.level}: {finding.rule_id} {finding.slug}: {finding.message}")
        click.echo(f"    fix: {finding.fix}")
