"""`forbear`: one way in, and one way of failing."""

import sys
from errno import ENOSPC
from typing import TYPE_CHECKING, NoReturn

from cli.exits import BROKEN, UNUSABLE
from cli.interruption import ending_on_interruption

if TYPE_CHECKING:
    from typer import Typer

# where to look, for what names no file
_PLACES = {
    ENOSPC: "make room where --out, FORBEAR_HOME and TMPDIR are, then run it again"
}
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
            commands(sys.argv[1:2])()
    except OSError as error:
        where = error.filename or _PLACES.get(error.errno or 0)
        what = str(error.strerror or error)
        _fail("file_problem", what if where is None else f"{what}: {where}")
    except UnicodeDecodeError as error:
        _fail("file_problem", f"not UTF-8 text: {error}")
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            _break(error)
        message = f"{package} is not there: install Forbear again, with the extra"
        again = f'pip install ".[{EXTRAS[package]}]" in its folder'
        _fail("extra_missing", f"{message} {EXTRAS[package]} ({again})")
    except Exception as error:  # noqa: BLE001 - a border
        # every room's own errors carry a stable code; anything else is a bug, and
        # libraries have codes of their own that are none of ours
        is_ours = type(error).__module__.partition(".")[0] in ROOMS
        code = getattr(error, "code", None)
        if is_ours and isinstance(code, str):
            _fail(code, str(error))
        _break(error)


def commands(first: list[str]) -> "Typer":
    """All commands; of a service its own, for to make all is a tenth of its start."""
    if first == ["serve"]:
        from cli.serve import alone

        return alone()
    from cli.commands import app

    return app


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
