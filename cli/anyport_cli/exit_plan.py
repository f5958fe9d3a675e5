"""`anyport exit-plan`: what is left of the endpoints without one provider, operator, place or model owner."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import click

from .evidence import checkouts_of, not_over
from .inputs import day, load_plans, show_problems, stack_files, today_option
from .output import write

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
    "--policy-config",
    envvar="ANYPORT_POLICY_CONFIG",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="For capacity that was measured; instead of policy-config.json beside the stack files.",
)
@click.option(
    "--format", "form", type=click.Choice(["markdown", "json", "html"]), default="markdown", show_default=True
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of printing."
)
@today_option
def exit_plan(
    paths: tuple[Path, ...],
    without: str | None,
    every: bool,
    drills: Path | None,
    policy_config: Path | None,
    form: str,
    output: Path | None,
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
    configs = {file: policy_config or file.parent / "policy-config.json" for file in files}
    read = [*files, *(path for path in dict.fromkeys(configs.values()) if path.is_file())]
    texts = _drill_texts(drills)
    not_over(output, [*read, *map(Path, texts)])
    plans, problems = load_plans(files, asked, policy_config)
    value: dict[str, Any] = {}
    if not problems:
        try:
            measured = {file: _measured(path) for file, path in configs.items()}
            value = _judged(plans, without, texts, measured)
        except AnyportError as error:
            problems += error.problems
    if problems:
        show_problems(problems)
        raise click.exceptions.Exit(2)
    value = {"today": str(asked), "checkouts": checkouts_of(files, output, "exit-plan"), **value}
    value["drills_folder"] = None if drills is None else str(drills)
    value["inputs"] = {str(path): _sha256(path.read_bytes()) for path in read} | value["inputs"]
    if output is None:
        click.echo(_shown(form, value), nl=False)
    else:
        write(output, _shown(form, value))
    raise click.exceptions.Exit(1 if value["dies"] else 0)


def _shown(form: str, value: dict[str, Any]) -> str:
    if form == "json":
        return json.dumps(value, indent=2, sort_keys=True) + "\n"
    from anyport.exit_plan.page import as_page, markdown

    return as_page(value) if form == "html" else markdown(value)


def _measured(path: Path) -> dict[str, int]:
    """Tokens per minute by `endpoint/target` that the policies are told of as well.

    Raises:
        AnyportError: the file is wrong.
    """
    from anyport_policies.config import load_policy_config
    from anyport_policies.rules import RULES

    rule = next(rule for rule in RULES if rule.slug == "fallback-capacity")
    found: dict[str, int] = load_policy_config(path, RULES).parameters(rule).model_dump()["tokens_per_minute"]
    return found


def _drill_texts(folder: Path | None) -> dict[str, bytes]:
    try:
        return {str(path): path.read_bytes() for path in sorted(folder.glob("*.json"))} if folder else {}
    except OSError as error:
        raise click.UsageError(f"{folder} cannot be read: {error.strerror}") from None


def _judged(
    plans: dict[Path, Any], without: str | None, texts: dict[str, bytes], measured: dict[Path, dict[str, int]]
) -> dict[str, Any]:
    from anyport.catalog import load
    from anyport.cost import Assumptions
    from anyport.exit_plan import every_loss, loss_of, survivals
    from anyport.exit_plan.drilled import read_drills, undrilled

    catalog, asked, drills = load(), Assumptions(), read_drills(texts)
    known = every_loss(plans.values())
    losses = known if without is None else (loss_of(without, known, catalog),)
    rows = [
        {"stack": str(path), **found.to_dict(),
         "undrilled": list(undrilled(
             found.endpoint, found.loss.kind, found.dead_warm, found.warm, found.needed if found.dead else (), drills))}
        for path, plan in plans.items()
        for found in survivals(plan, losses, catalog, asked, measured[path])
    ]  # fmt: skip
    order = {str(loss): place for place, loss in enumerate(losses)}
    rows.sort(key=lambda row: order[str(row["loss"])])
    return {
        "catalog_collected_on": str(catalog.collected_on),
        "assumptions": {"hours": asked.hours, "input_share": str(asked.input_share), "load_factor": str(asked.load_factor)},
        "inputs": {name: _sha256(text) for name, text in texts.items()},
        "drills": [drill.to_dict() for drill in drills],
        "rows": rows,
        "dies": any(row["verdict"] == "dies" for row in rows),
    }  # fmt: skip


def _sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()
