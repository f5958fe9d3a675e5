"""Entry point of `anyport`. Exit codes: 0 ok, 1 findings, 2 bad input, 3 something broke.

Nothing heavy is imported here: `anyport --help` must answer at once.
"""

from __future__ import annotations

import sys

import click

__all__ = ["cli", "main"]

_COMMANDS = {
    "check": ("check", "Judge stack files against the policies, with no engine and no network."),
    "plan": ("plan", "Show where each endpoint would be served, and what the catalog knows of it."),
    "verify": ("verify", "Ask what is deployed whether it gives what its contract says."),
    "drill": ("drill", "Break an endpoint's targets on purpose and count what callers see."),
    "render": ("render", "Print the gateway configuration that serves the endpoints of contracts."),
    "doctor": ("doctor", "Say what this machine has of what Anyport needs."),
    "schema": ("schema", "Print the JSON schema of stack files."),
}


class _Lazy(click.Group):
    """Knows its commands by name and imports one only when it runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        if ctx.resilient_parsing:
            return click.Command(cmd_name)
        from importlib import import_module

        command = getattr(import_module(f"anyport_cli.{_COMMANDS[cmd_name][0]}"), cmd_name)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Offer the nearest command for a misspelt one."""
        from difflib import get_close_matches

        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            near = get_close_matches(name, _COMMANDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"no command {name!r}{hint} Commands: {', '.join(_COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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
