"""`anyport init`: a project to start from, as one that a team keeps in its own repository."""

from __future__ import annotations

import os
import re
from importlib import metadata
from pathlib import Path

import click

from .output import write

__all__ = ["init", "project_files"]

_NAME = re.compile(r"[a-z][a-z0-9-]{0,49}")
_PROGRAM = '''\
"""The program of every stack: build the endpoints that `Pulumi.<stack>.yaml` describes."""

from datetime import UTC, datetime
from pathlib import Path

from anyport.program import run

run(Path(__file__).parent, today=datetime.now(UTC).date())
'''
_PROJECT = """\
name: {name}
description: Inference endpoints with fallbacks that are really independent
main: stacks/
stackConfigDir: stacks/
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: .venv
"""
_PACK = '''\
"""The policy pack `{pack}` of Anyport; waivers and levels are read from stacks/."""

from datetime import UTC, datetime
from pathlib import Path

from anyport_policies.pulumi_pack import serve

serve("{pack}", Path(__file__).parent, datetime.now(UTC).date())
'''
_PACK_FILE = """\
runtime:
  name: python
  options:
    toolchain: pip
    virtualenv: ../../.venv
version: {version}
description: Anyport's {pack} rules for inference endpoints
"""
_WAIVERS = """\
# Exceptions from rules: dated, owned, reasoned, 90 days at most. An example:
#
#   - rule: AR002
#     endpoint: chat
#     reason: the second provider's contract is being signed
#     owner: ai-platform
#     ticket: PLAT-1
#     category: waiver
#     granted: 2026-11-20
#     expires: 2027-01-31
waivers: []
"""
_REQUIREMENTS = """\
# While no package index has this version: the folder of a checkout, or git+https://…@<commit>.
anyport=={version}
"""
_IGNORED = ".venv/\n__pycache__/\n"


def project_files(name: str, stack: str) -> dict[str, str]:
    """Path below the project's folder → text.

    Args:
        name: of the Pulumi project.
        stack: of the first stack.
    """
    from anyport.schema import schema_text

    version = metadata.version("anyport")
    packs = {
        f"policies/{pack}/{file}": text.format(pack=pack, version=version)
        for pack in ("resilience", "baseline")
        for file, text in (("__main__.py", _PACK), ("PulumiPolicy.yaml", _PACK_FILE))
    }
    return {
        "Pulumi.yaml": _PROJECT.format(name=name),
        "requirements.txt": _REQUIREMENTS.format(version=version),
        ".gitignore": _IGNORED,
        "stacks/__main__.py": _PROGRAM,
        f"stacks/Pulumi.{stack}.yaml": (Path(__file__).parent / "templates" / "stack.yaml").read_text(
            "utf-8"
        ),
        "stacks/schema.json": schema_text(),
        "stacks/waivers.yaml": _WAIVERS,
        **packs,
    }


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option(
    "--name", default=None, metavar="NAME", help="Pulumi's name of the project.  [default: the folder's]"
)
@click.option("--stack", default="dev", show_default=True, metavar="NAME", help="Name of the first stack.")
def init(folder: Path, name: str | None, stack: str) -> None:
    """Write a project to start from into FOLDER, the current one by default.

    A Pulumi project, one stack with three targets to change, both policy packs and the schema for editors. Nothing
    that is there already is touched: if any of the files exists, none is written.
    """
    name = (
        name
        or re.sub(r"[^a-z0-9-]+", "-", folder.resolve().name.lower()).strip("-").lstrip("0123456789-")[:50]
        or "inference"
    )
    for what, text in (("--name", name), ("--stack", stack)):
        if not _NAME.fullmatch(text):
            raise click.BadParameter(
                f"{text!r} is no name: lower case letters, digits and hyphens, a letter first",
                param_hint=what,
            )
    files = project_files(name, stack)
    try:
        there = [path for path in files if os.path.lexists(folder / path)]
        if there:
            raise click.UsageError(
                f"{folder} has {', '.join(there)} already; take another folder, or move them away"
            )
        for path in files:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise click.UsageError(f"{folder} cannot be written: {why.lower()}") from None
    for path, text in files.items():
        write(folder / path, text)
        click.echo(f"  {folder / path}")
    here = "" if folder == Path() else f"cd {folder} && "
    click.echo(
        f"\nNext: {here}python3 -m venv .venv && .venv/bin/pip install -r requirements.txt\n"
        f"      change stacks/Pulumi.{stack}.yaml, then: anyport check && anyport plan\n"
        f"      pulumi preview -s {stack} --policy-pack policies/resilience --policy-pack policies/baseline"
    )
