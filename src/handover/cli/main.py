"""Entry point: one command, one exit code, and whatever goes wrong in words with a hint."""

from __future__ import annotations

import gc
import importlib
import platform
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from handover import __version__
from handover.cli.command import USAGE, Group
from handover.cli.console import Console, complain, open_missing_streams, silence
from handover.cli.signals import Signalled, signals_raise
from handover.cli.values import read_by_values
from handover.errors import ExitCode, HandoverError

#: The module in which each command is, in the order of the help.
_HOMES = {
    "init": "case_commands",
    "run": "case_commands",
    "scan": "scan_command",
    "compare": "compare_command",
    "sign": "sign_command",
    "add": "sign_command",
    "verify": "verify_command",
    "trust": "trust_command",
    "demo": "demo_command",
}


def application(name: str = "") -> Group:
    """Return the command line: of one command when it is called by its name, else of all.

    Nobody who runs one waits until the options of the others are read.
    """
    app = typer.Typer(
        name="handover",
        cls=Group,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Start with  handover demo  to see a whole case, or  handover compare SOURCE TARGET.",
    )
    app.callback()(_options)
    for home in dict.fromkeys([_HOMES[name]] if name in _HOMES else _HOMES.values()):
        importlib.import_module(f"handover.cli.{home}").register(app)
    read_by_values()
    whole = typer.main.get_command(app)
    assert isinstance(whole, Group)
    return whole


def _version(value: bool) -> None:  # noqa: FBT001  typer calls it with the flag's value
    if value:
        Console().result(f"handover {__version__}")
        raise typer.Exit


def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Prove what arrived, and what did not, when a website moves from one host to another."""


def entry() -> NoReturn:
    """Run the command line and exit; installed as ``handover``."""
    open_missing_streams()
    code = run(sys.argv[1:])
    # At its end the interpreter would look for cycles in all that was ever imported: 60 ms, and nothing to be freed.
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every failure is told on stderr, or as JSON where that was asked."""
    as_json = "--json" in arguments
    try:
        with signals_raise():
            code = application(next(iter(arguments), ""))(arguments, standalone_mode=False)
        sys.stdout.flush()
        return int(code or 0)
    except HandoverError as error:
        return _fail(error.exit_code, error.what, error.where, error.hint, as_json=as_json)
    except typer.TyperException as error:
        what = error.format_message()
        if what.startswith(USAGE):  # the help of a command that was called without its arguments
            complain(what)
            return ExitCode.USAGE
        # typer lists the choices of an option in lines of their own.
        what = " ".join(what.split())
        hint = "See  handover --help  or  handover COMMAND --help."
        return _fail(ExitCode.USAGE, what, "", hint, as_json=as_json)
    except (KeyboardInterrupt, typer.Abort):
        complain("handover: interrupted; nothing half-made was left")
        return ExitCode.INTERRUPTED
    except Signalled as signalled:
        complain(f"handover: ended by {signalled.name}; nothing half-made was left")
        return signalled.exit_code
    except OSError as error:
        silence(sys.stdout)
        what = f"{type(error).__name__}: {error.strerror or error}"
        return _fail(ExitCode.LOCAL_IO, what, "", "", as_json=as_json)
    except Exception:  # noqa: BLE001  the last line of defence: a bug must not look like a verdict
        complain(traceback.format_exc())
        complain(
            f"handover {__version__} has a bug (Python {platform.python_version()}, {platform.platform()}).\n"
            "Please report the lines above. No verdict was reached."
        )
        return ExitCode.BUG


def _fail(code: ExitCode, what: str, where: str, hint: str, *, as_json: bool) -> int:
    complain(f"error: {where}: {what}" if where else f"error: {what}")
    if hint:
        complain(f"hint:  {hint}")
    if as_json:
        from handover.render import result

        try:
            sys.stdout.buffer.write(result.error_document(code, what, where, hint))
            sys.stdout.flush()
        except OSError:
            silence(sys.stdout)
            return ExitCode.LOCAL_IO
    return code
