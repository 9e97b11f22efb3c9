"""`forbear`: every command in one place, and one way of failing.

Commands live one file per group and import the rooms inside their functions, so that
`forbear --help` starts in a fraction of a second.
"""

import sys
from typing import Annotated, NoReturn

import typer

from cli import (
    access_request,
    act,
    appeals,
    audit,
    database,
    decisions,
    demo,
    evaluate,
    evidence,
    explain,
    features,
    importing,
    init,
    keys,
    labels,
    links,
    monitor,
    notify,
    policy,
    promote,
    recalibrate,
    replay,
    score,
    serve,
    shadow,
    simulate,
    tour,
    train,
    validate,
    webhooks,
)
from cli.exits import BROKEN, OK, UNUSABLE
from cli.interruption import ending_on_interruption

# plain help: rich markup alone would take twice the time of everything else
app = typer.Typer(
    name="forbear",
    help="Calibrated fraud and non-payment probabilities, and one recommended action"
    " per customer.\n\nState lives under FORBEAR_HOME (default .forbear/). Exit codes:"
    " 0 done, 1 done and something differs, 2 unusable input, 3 rows were rejected.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for group in (
    init,
    demo,
    tour,
    simulate,
    importing,
    validate,
    train,
    evaluate,
    promote,
    recalibrate,
    score,
    explain,
    links,
    serve,
    replay,
    evidence,
    access_request,
):
    group.register(app)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        from scoring.built import built_kernels

        built = ", ".join(built_kernels()) or "none"
        typer.echo(f"forbear {version('forbear')} (kernels in C: {built})")
        raise typer.Exit(OK)


@app.callback()
def forbear(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_show_version,
            is_eager=True,
            help="say which release, and which kernels are built",
        ),
    ] = False,
) -> None:
    """Nothing of its own: the commands do the work."""


app.add_typer(features.app, name="features")
app.add_typer(policy.app, name="policy")
app.add_typer(keys.app, name="keys")
app.add_typer(database.app, name="db")
app.add_typer(audit.app, name="audit")
app.add_typer(labels.app, name="labels")
app.add_typer(decisions.app, name="decisions")
app.add_typer(webhooks.app, name="webhooks")
app.add_typer(act.app, name="act")
app.add_typer(notify.app, name="notify")
app.add_typer(appeals.app, name="appeals")
app.add_typer(monitor.app, name="monitor")
app.add_typer(shadow.app, name="shadow")
app.command()(database.erase)

# the extra that brings each package
EXTRAS = {
    "alembic": "serve",
    "cryptography": "serve",
    "fastapi": "serve",
    "fastapi_swagger": "serve",
    "httptools": "serve",
    "httpx": "serve",
    "jwt": "serve",
    "limits": "serve",
    "prometheus_client": "serve",
    "reportlab": "serve",
    "sqlalchemy": "serve",
    "standardwebhooks": "serve",
    "starlette": "serve",
    "uvicorn": "serve",
    "uvloop": "serve",
    "zstandard": "serve",
    "fairlearn": "train",
    "filelock": "train",
    "markdown_it": "train",
    "matplotlib": "train",
    "mlflow": "train",
    "optuna": "train",
    "pandas": "train",
    "resvg_py": "train",
    "sklearn": "train",
    "threadpoolctl": "train",
    "mt940": "bank",
    "opentelemetry": "otel",
    "psycopg": "postgres",
    "pyspark": "spark",
}

ROOMS = {
    "advice",
    "backtest",
    "cli",
    "decisions",
    "execution",
    "features",
    "importing",
    "monitoring",
    "scoring",
    "serving",
    "simulation",
    "store",
    "training",
    "wording",
}


def main() -> None:
    """Entry point: what a room refuses becomes one line and exit code 2."""
    try:
        with ending_on_interruption():
            app()
    except OSError as error:
        _fail("file_problem", f"{error.strerror or error}: {error.filename or ''}")
    except UnicodeDecodeError as error:
        _fail("file_problem", f"not UTF-8 text: {error}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            _break(error)
        message = f"{package} is not there: install Forbear again, with the extra"
        again = f'pip install ".[{EXTRAS[package]}]" in its folder'
        _fail("extra_missing", f"{message} {EXTRAS[package]} ({again})")
    except Exception as error:
        # every room's own errors carry a stable code; anything else is a bug, and
        # libraries have codes of their own that are none of ours
        is_ours = type(error).__module__.partition(".")[0] in ROOMS
        code = getattr(error, "code", None)
        if is_ours and isinstance(code, str):
            _fail(code, str(error))
        _break(error)


def _break(error: Exception) -> NoReturn:
    """Shown as ever; with 1 it would pass for something that is not as it should be."""
    sys.excepthook(type(error), error, error.__traceback__)
    sys.exit(BROKEN)


def _fail(code: str, message: str) -> NoReturn:
    line = " ".join(message.split())
    sys.stderr.write(f"forbear: {line} [{code}]\n")
    sys.exit(UNUSABLE)


if __name__ == "__main__":
    main()
