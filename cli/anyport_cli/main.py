"""Entry point of `anyport`. Exit codes: 0 ok, 1 findings, 2 bad input, 3 something broke.

Nothing heavy is imported here: `anyport --help` must answer at once.
"""

from __future__ import annotations

import sys

import click

from .lazy import LazyGroup

__all__ = ["cli", "main"]

_COMMANDS = {
    "init": ("init", "Write a project to start from."),
    "check": ("check", "Judge stack files against the policies, with no engine and no network."),
    "plan": ("plan", "Show where each endpoint would be served, and what the catalog knows of it."),
    "preflight": ("preflight", "Ask the clouds whether models, SKUs and quota are there before deploying."),
    "verify": ("verify", "Ask what is deployed whether it gives what its contract says."),
    "drill": ("drill", "Break an endpoint's targets on purpose and count what callers see."),
    "render": ("render", "Print the gateway configuration that serves the endpoints of contracts."),
    "gateway-credentials": ("gateway_credentials", "Keep the credentials of a gateway's targets fresh."),
    "bill": ("bill", "Show what endpoints and targets cost, from the clouds' own exports."),
    "cost": ("cost", "Show what endpoints would cost a month, before anything is built."),
    "exit-plan": ("exit_plan", "Show what is left without a provider, operator, place or model owner."),
    "catalog": ("catalog", "Show, compare, date and renew the facts that everything rests on."),
    "doctor": ("doctor", "Say what this machine has of what Anyport needs."),
    "schema": ("schema", "Print the JSON schema of stack files."),
}


@click.group(
    cls=LazyGroup,
    table=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="anyport", prog_name="anyport")
def cli() -> None:
    """The same inference endpoint on several clouds, with fallbacks that are really independent."""


def main() -> None:
    """Run the command line; what breaks unexpectedly is one sentence and exit code 3."""
    try:
        code = cli.main(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        click.echo("anyport: stopped", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # the last net: no traceback ever reaches a user
        click.echo(f"anyport: something broke: {type(error).__name__}: {error}", err=True)
        click.echo("This is a defect in Anyport, not in your input. ANYPORT_DEBUG=1 shows where.", err=True)
        import os

        if os.environ.get("ANYPORT_DEBUG"):
            raise
        sys.exit(3)
