"""`anyport render`: contracts as the configuration of a gateway, on standard output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
import yaml
from pydantic import BaseModel, ValidationError

from anyport.errors import AnyportError, Problem, nearest
from anyport.gateway.routes import RouteError, RouteTable, route_table

from .inputs import format_option, print_json, show_problems

__all__ = ["render"]

KINDS = ("envoy", "envoy-ai-gateway", "litellm")
Settings = TypeVar("Settings", bound=BaseModel)


@click.command()
@click.argument("kind", type=click.Choice(KINDS), metavar="|".join(KINDS))
@click.option(
    "--contract",
    "contracts",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="JSON file with contracts, as `pulumi stack output --json` writes them. May be given several times, "
    "one per stack; the targets of an endpoint come together.",
)
@click.option(
    "--endpoint", "names", multiple=True, metavar="NAME", help="Only this endpoint. May be repeated."
)
@click.option(
    "--settings", "settings", type=click.Path(path_type=Path), metavar="FILE", help="YAML file of settings."
)
@format_option
def render(
    kind: str, contracts: tuple[Path, ...], names: tuple[str, ...], settings: Path | None, output: str
) -> None:
    """Print the gateway configuration that serves the endpoints of contracts.

    No secret is in it: secrets are named and read where the gateway runs. With any problem nothing is
    printed on standard output and the exit code is 2.
    """
    try:
        table = _chosen(route_table(_merged(contracts)), names)
        text = _text(kind, table, settings)
    except AnyportError as error:
        if output == "json":
            print_json({"rendered": None, "problems": [problem.to_dict() for problem in error.problems]})
        else:
            show_problems(list(error.problems))
        raise click.exceptions.Exit(2) from None
    if output == "json":
        print_json({"rendered": text, "problems": []})
    else:
        click.echo(text, nl=False)


def _text(kind: str, table: RouteTable, file: Path | None) -> str:
    if kind == "envoy":
        from anyport.gateway.envoy import envoy_yaml
        from anyport.gateway.settings import GatewaySettings

        return envoy_yaml(table, _settings(GatewaySettings, file))
    if kind == "envoy-ai-gateway":
        from anyport.gateway.ai_gateway import AiGatewaySettings, ai_gateway_yaml

        return ai_gateway_yaml(table, _settings(AiGatewaySettings, file))
    from anyport.gateway.litellm import LitellmSettings, litellm_yaml

    return litellm_yaml(table, _settings(LitellmSettings, file))


def _read(file: Path, code: str, what: str) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "it is not UTF-8 text").lower()
        raise RouteError([Problem(code, "", f"{what} cannot be read: {why}", file=str(file))]) from None


def _merged(files: tuple[Path, ...]) -> dict[str, Any]:
    """The endpoints of all files; what several files say of one endpoint is put together by target."""
    endpoints: dict[str, Any] = {}
    problems: list[Problem] = []
    for file in files:
        for name, contract in _endpoints(file).items():
            known = endpoints.setdefault(name, contract)
            if known is not contract:
                endpoints[name] = _joined(name, known, contract, file, problems)
    if problems:
        raise RouteError(problems)
    return {"endpoints": endpoints}


def _endpoints(file: Path) -> Mapping[str, Any]:
    wrong = RouteError(
        [Problem("AP401", "", "is no contract: a JSON map with `endpoints` is expected", file=str(file))]
    )
    try:
        value = json.loads(_read(file, "AP401", "the contract"))
        if isinstance(value, dict) and "targets" in value:
            return {str(value.get("endpoint", "?")): value}
        found = value.get("endpoints", value) if isinstance(value, dict) else None
        found = json.loads(found) if isinstance(found, str) else found
        if not isinstance(found, dict):
            raise wrong
        return {name: json.loads(each) if isinstance(each, str) else each for name, each in found.items()}
    except (ValueError, RecursionError):
        raise wrong from None


def _joined(name: str, known: Any, more: Any, file: Path, problems: list[Problem]) -> Any:
    if not (isinstance(known, dict) and isinstance(more, dict)):
        return more
    place = f"endpoints.{name}"
    differing = [key for key in ("model", "apis") if known.get(key) != more.get(key)]
    if differing:
        wrong = f"differs from another file in {' and '.join(differing)}"
        problems.append(Problem("AP401", place, wrong, file=str(file)))
    had = {str(target.get("target")) for target in known.get("targets", ())}
    twice = sorted(had & {str(target.get("target")) for target in more.get("targets", ())})
    problems += [
        Problem("AP401", f"{place}.targets.{target}", "is in two contracts", file=str(file))
        for target in twice
    ]
    return {**known, "targets": [*known.get("targets", ()), *more.get("targets", ())]}


def _chosen(table: RouteTable, names: tuple[str, ...]) -> RouteTable:
    if not names:
        return table
    known = [endpoint.name for endpoint in table.endpoints]
    problems = [
        Problem("AP401", "endpoints", "there is no such endpoint", got=name, allowed=", ".join(known),
                fix=f"did you mean {near}?" if (near := nearest(name, known)) else "", file="contract")
        for name in names
        if name not in known
    ]  # fmt: skip
    if problems:
        raise RouteError(problems)
    return RouteTable(tuple(endpoint for endpoint in table.endpoints if endpoint.name in names))


def _settings(kind: type[Settings], file: Path | None) -> Settings:
    """Settings from a file; every problem at once."""
    if file is None:
        return kind()
    try:
        value = yaml.safe_load(_read(file, "AP001", "the settings"))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Besides what is no YAML: a date that does not exist, and what is nested deeper than it can be read.
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 0
        raise RouteError(
            [Problem("AP002", "", "the settings are not valid YAML", file=str(file), line=line)]
        ) from None
    try:
        return kind.model_validate({} if value is None else value)
    except ValidationError as error:
        known = list(kind.model_fields)
        problems = [_wrong(dict(detail), known, str(file)) for detail in error.errors(include_url=False)]
        raise RouteError(problems) from None


def _wrong(detail: dict[str, Any], known: list[str], file: str) -> Problem:
    path = ".".join(str(part) for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        near = nearest(str(detail["loc"][-1]), known)
        fix = f"did you mean {near}?" if near else ""
        return Problem("AP101", path, "unknown setting", allowed=", ".join(known), fix=fix, file=file)
    message = str(detail["msg"]).removeprefix("Value error, ")
    return Problem("AP103", path, message[:1].lower() + message[1:], file=file)
