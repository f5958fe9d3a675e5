"""`anyport schema`: the JSON schema that editors read for completion and checks."""

from __future__ import annotations

import click

from anyport.schema import schema_text

__all__ = ["schema"]


@click.command()
def schema() -> None:
    """Print the JSON schema of stack files (kept as stacks/schema.json)."""
    click.echo(schema_text(), nl=False)
