"""`anyport catalog show`: facts with their source and date, and what is not known said as such."""

from __future__ import annotations

from dataclasses import dataclass

import click

from anyport.catalog import Catalog, load
from anyport.errors import AnyportError, Problem, SpecError, nearest

from .inputs import day, format_option, print_json, show_problems, today_option

__all__ = ["Wanted", "show", "unknown_name"]


@dataclass(frozen=True)
class Wanted:
    """What was asked for; None stands for all."""

    model: str | None
    provider: str | None
    region: str | None


@click.command()
@click.argument("name", metavar="[MODEL|PROVIDER|REGION]", required=False)
@click.option("--provider", metavar="NAME", help="Only facts of this provider.")
@click.option("--model", metavar="NAME", help="Only facts of this model.")
@click.option("--region", metavar="NAME", help="Only what is, or may be, served in this region.")
@format_option
@today_option
def show(
    name: str | None,
    provider: str | None,
    model: str | None,
    region: str | None,
    output: str,
    today: str | None,
) -> None:
    """Show facts of the catalog, each with where and when it was found.

    Without a name the models and providers are listed. What the catalog does not know is called unknown; a
    model whose regions are not known in full is not said to be absent from any.

    Exit 0, or 2 for a name that the catalog does not have.
    """
    catalog = load()
    try:
        wanted = _wanted(catalog, name, provider, model, region)
    except AnyportError as error:
        if output == "json":
            print_json({"problems": [problem.to_dict() for problem in error.problems]})
        else:
            show_problems(list(error.problems))
        raise click.exceptions.Exit(2) from None
    if output == "json":
        from .catalog_facts import as_json

        print_json(as_json(catalog, wanted, day(today)))
    else:
        from .catalog_facts import as_text

        for line in as_text(catalog, wanted, day(today)):
            click.echo(line)


def _wanted(
    catalog: Catalog, name: str | None, provider: str | None, model: str | None, region: str | None
) -> Wanted:
    """Check the names; a bare one is a model, else a provider, else a region."""
    regions = sorted({r for of_provider in catalog.regions.values() for r in of_provider})
    problems = []
    if name is not None:
        known = {"model": list(catalog.names), "provider": sorted(catalog.providers), "region": regions}
        kind = next((kind for kind, names in known.items() if name in names), None)
        if kind is None:
            problems.append(
                unknown_name("AP501", "nothing of this name", name, [n for k in known.values() for n in k])
            )
        else:
            given = {"model": model, "provider": provider, "region": region}
            if given[kind] not in (None, name):
                raise click.UsageError(f"{name} and --{kind} {given[kind]} are two {kind}s; name one")
            model, provider, region = (
                name if kind == key else given[key] for key in ("model", "provider", "region")
            )
    if provider is not None and provider not in catalog.providers:
        problems.append(unknown_name("AP201", "unknown provider", provider, sorted(catalog.providers)))
    if model is not None and model not in catalog.models:
        problems.append(unknown_name("AP203", "unknown model", model, list(catalog.names)))
    if region is not None:
        here = sorted(catalog.regions[provider]) if provider in catalog.regions else regions
        if region not in here:
            what = f"{provider} has no such region" if provider in catalog.regions else "unknown region"
            problems.append(unknown_name("AP202", what, region, here))
    if problems:
        raise SpecError(problems)
    return Wanted(model, provider, region)


def unknown_name(code: str, message: str, got: str, known: list[str]) -> Problem:
    """A name that the catalog does not have, and the nearest that it has."""
    near = nearest(got, known)
    shown = ", ".join(known[:12]) + (f" … ({len(known)} in all)" if len(known) > 12 else "")
    return Problem(
        code, "", message, got=got, allowed=shown, fix=f"did you mean {near}?" if near else "", file="catalog"
    )
