"""`anyport exit-plan`: what is left of the endpoints without one provider, operator, place or model owner."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import click

from .git import run_git
from .inputs import day, load_plans, show_problems, stack_files, today_option
from .tree import top_of

__all__ = ["exit_plan"]


@click.command("exit-plan")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@click.option(
    "--without", metavar="WHAT", help="azure_openai, operator:Microsoft, region:…, domain:… or owner:OpenAI."
)
@click.option("--all", "every", is_flag=True, help="Every single loss that touches a target.")
@click.option(
    "--drills",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of what `anyport drill --format json` wrote.",
)
@click.option(
    "--format", "output", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True
)
@today_option
def exit_plan(
    paths: tuple[Path, ...],
    without: str | None,
    every: bool,
    drills: Path | None,
    output: str,
    today: str | None,
) -> None:
    """Show which endpoints die without something, what the others live on, and what somebody must do.

    STACK FILES are files or folders; stacks/ when left out.

    Exit 0 every endpoint lives, 1 one dies, 2 wrong input, 3 something broke.
    """
    if every == (without is not None):
        raise click.UsageError("say either --without WHAT or --all")
    from anyport.errors import AnyportError

    asked, files = day(today), stack_files(paths)
    plans, problems = load_plans(files, asked)
    value: dict[str, Any] = {}
    if not problems:
        try:
            value = _judged(plans, without, _drill_texts(drills))
        except AnyportError as error:
            problems += error.problems
    if problems:
        show_problems(problems)
        raise click.exceptions.Exit(2)
    value = {"today": str(asked), "checkout": _checkout(files[0]), **value}
    value["inputs"] = {str(path): _sha256(path.read_bytes()) for path in files} | value["inputs"]
    if output == "json":
        click.echo(json.dumps(value, indent=2, sort_keys=True))
    else:
        from anyport.exit_plan.page import markdown

        click.echo(markdown(value), nl=False)
    raise click.exceptions.Exit(1 if value["dies"] else 0)


def _drill_texts(folder: Path | None) -> dict[str, bytes]:
    try:
        return {str(path): path.read_bytes() for path in sorted(folder.glob("*.json"))} if folder else {}
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be read: {error.strerror}") from None


def _judged(plans: dict[Path, Any], without: str | None, texts: dict[str, bytes]) -> dict[str, Any]:
    from anyport.catalog import load
    from anyport.cost import Assumptions
    from anyport.exit_plan import every_loss, loss_of, survive
    from anyport.exit_plan.drilled import read_drills, undrilled

    catalog, asked, drills = load(), Assumptions(), read_drills(texts)
    known = every_loss(plans.values())
    losses = known if without is None else (loss_of(without, known, catalog),)
    rows = [
        {"stack": str(path), "loss": str(loss), **survive(endpoint, loss, catalog, asked).to_dict(),
         "undrilled": undrilled(endpoint.name, drills)}
        for loss in losses
        for path, plan in plans.items()
        for endpoint in plan.endpoints
    ]  # fmt: skip
    return {
        "catalog_collected_on": str(catalog.collected_on),
        "assumptions": {"hours": asked.hours, "input_share": str(asked.input_share), "load_factor": str(asked.load_factor)},
        "inputs": {name: _sha256(text) for name, text in texts.items()},
        "rows": rows,
        "dies": any(row["verdict"] == "dies" for row in rows),
    }  # fmt: skip


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def _checkout(path: Path) -> dict[str, object]:
    """Commit and whether anything differs from it; nulls outside a checkout."""
    top = top_of(path)
    if top is None:
        return {"commit": None, "dirty": None}
    head = run_git(top, ["rev-parse", "--verify", "--quiet", "HEAD"], "exit-plan")
    state = run_git(top, ["status", "--porcelain"], "exit-plan")
    commit = head.stdout.decode("ascii", "replace").strip() if head.returncode == 0 else None
    return {"commit": commit, "dirty": bool(state.stdout.strip()) if state.returncode == 0 else None}
