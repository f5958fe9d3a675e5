"""`anyport catalog refresh`: what a cloud lists now, beside what the catalog says."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .inputs import day, format_option, print_json, show_problems, today_option
from .live_options import access_of, asking, live_options, scopes_of
from .output import write

if TYPE_CHECKING:
    from anyport.catalog import Catalog
    from anyport.errors import Problem
    from anyport.live.asker import Asker
    from anyport.live.questions import Question
    from anyport.live.refresh import Refresh

__all__ = ["refresh"]

_MOST_NAMES = 12


@click.command()
@click.option(
    "--from", "cloud", type=click.Choice(["azure", "gcp", "oci"]), required=True, help="Cloud to ask."
)
@click.option(
    "--location",
    "locations",
    multiple=True,
    metavar="REGION",
    help="Region to ask, several times for more.  [default: all of the catalog's]",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of catalog data.  [default: the one that is installed]",
)
@click.option(
    "--write", "writes", is_flag=True, help="Change the files; without it the change is shown only."
)
@live_options
@format_option
@today_option
def refresh(
    cloud: str,
    locations: tuple[str, ...],
    data: Path | None,
    writes: bool,
    subscription: str | None,
    project: str | None,
    compartment: str | None,
    endpoints: tuple[str, ...],
    tokens: tuple[str, ...],
    answers: Path | None,
    save: Path | None,
    output: str,
    today: str | None,
) -> None:
    """Ask a cloud what it offers now and show what the catalog should say.

    Nothing is taken out of the catalog: what is not listed is marked, and of two dates the earlier one governs.

    Exit 0 ok, 2 wrong input, 3 a place gave no usable answer; what the others answered is shown all the same.
    """
    from anyport.catalog.folder import load_folder
    from anyport.errors import AnyportError

    asked_on = day(today)
    scopes = scopes_of(subscription, project, compartment)
    access = access_of(endpoints, tokens, cloud)
    folder = data or Path(str(files("anyport.catalog") / "data"))
    found, problems = None, []
    try:
        catalog = load_folder(folder)
        places = _places(cloud, locations, catalog)
        with asking(answers, save, access, asked_on) as asker:
            found = _ask(catalog, folder, cloud, places, scopes, asker, bool(answers) and not locations)
    except AnyportError as error:
        problems = list(error.problems)
    if found is not None and writes:
        _writable(folder, found)
        for name, text in found.texts.items():
            write(folder / name, _ended_alike(text, folder / name))
    _show(found, problems, output, writes)
    raise click.exceptions.Exit(2 if problems else 3 if found and found.failures else 0)


def _writable(folder: Path, found: Refresh) -> None:
    """Before the first file is written, so that not only some of them are."""
    for where in {(folder / name).parent for name in found.texts}:
        if not os.access(where, os.W_OK):
            raise click.UsageError(f"{where} cannot be written; name a folder of yours with --data")


def _places(cloud: str, locations: tuple[str, ...], catalog: Catalog) -> tuple[str, ...]:
    from anyport.errors import nearest
    from anyport.live.clouds import CLOUDS

    if cloud == "gcp" and locations:
        message = "Google's list of models names no regions: leave it out"
        raise click.BadParameter(message, param_hint="--location")
    known = tuple(catalog.regions[CLOUDS[cloud]])
    for place in locations:
        if place not in known:
            near = nearest(place, known)
            if not near and re.fullmatch(r"[a-z][a-z0-9-]{2,40}", place):
                continue
            hint = f"; did you mean {near}?" if near else ""
            raise click.BadParameter(f"{place!r} is no region of {cloud}{hint}", param_hint="--location")
    return tuple(dict.fromkeys(locations))


def _ask(
    catalog: Catalog,
    folder: Path,
    cloud: str,
    places: tuple[str, ...],
    scopes: dict[str, str],
    asker: Asker,
    saved: bool,
) -> Refresh:
    from anyport.live.clouds import CLOUDS
    from anyport.live.refresh import questions, refreshed

    provider = CLOUDS[cloud]
    asked: list[Question] = questions(catalog, provider, places, scopes.get(provider, ""))
    if saved:
        from anyport.live.saved import SavedAnswers

        held = asker.questions(provider, "models") if isinstance(asker, SavedAnswers) else ()
        there = {question.place for question in held}
        asked = [question for question in asked if question.place in there] or asked
    texts = {
        f"models/{file.name}": file.read_text("utf-8") for file in sorted((folder / "models").glob("*.yaml"))
    }
    return refreshed(catalog, texts, provider, asked, asker, _shown(folder))


def _ended_alike(text: str, file: Path) -> str:
    """The text with the line ends that the file has, so that no other line of it changes."""
    return text.replace("\n", "\r\n") if b"\r\n" in file.read_bytes() else text


def _shown(folder: Path) -> str:
    """The folder as the diff calls it: below the working folder where it is, so that the diff can be applied."""
    whole, here = folder.resolve(), Path.cwd()
    return whole.relative_to(here).as_posix() if whole.is_relative_to(here) else whole.as_posix().lstrip("/")


def _show(found: Refresh | None, problems: list[Problem], output: str, written: bool) -> None:
    if output == "json":
        body = found.to_dict() if found else {}
        done = sorted(found.texts) if found and written else []
        print_json({**body, "written": done, "problems": [problem.to_dict() for problem in problems]})
        return
    if found and found.listing:
        _summary(found, written)
    show_problems([*problems, *(found.failures if found else ())])


def _summary(found: Refresh, written: bool) -> None:
    listing = found.listing
    assert listing is not None
    from anyport_policies.report.escape import plain

    if found.diff:
        click.echo(found.diff)
    click.echo(f"{listing.title}, {listing.day}: {', '.join(sorted(listing.rows))}")
    for state, title in (
        ("changed", "differ"),
        ("not_listed", "are not listed"),
        ("confirmed", "are as listed"),
        ("not_compared", "could not be compared"),
    ):
        named = [outcome for outcome in found.outcomes if outcome.state == state]
        if named:
            click.echo(f"\n{len(named)} {title}: {', '.join(outcome.model for outcome in named)}")
        for outcome in named:
            for remark in outcome.remarks:
                click.echo(f"  {outcome.model}: {plain(remark)}")
    if found.strange:
        names = ", ".join(found.strange[:_MOST_NAMES]) + (", …" if len(found.strange) > _MOST_NAMES else "")
        click.echo(f"\n{len(found.strange)} listed and not in the catalog: {plain(names)}")
    count = len(found.texts)
    done = "written" if written else "not written; --write does"
    click.echo(f"\n{count} file(s) to change{f', {done}' if count else ''}")
