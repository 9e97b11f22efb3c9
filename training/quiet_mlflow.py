"""MLflow without its remarks on itself, at import and at work.

It warns about its own type hints when it is imported; nobody who trains a model can
act on that. What goes wrong is raised, and is not silenced here.
"""

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

# bars of progress would stand in front of results in a pipe
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import mlflow
    import mlflow.pyfunc
    from mlflow.utils.logging_utils import disable_logging, enable_logging

_TRIES, _FEW = "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"
LOGGERS = ("mlflow", "alembic")


@contextmanager
def quiet() -> Iterator[None]:
    """No warnings, and of MLflow's and its database's log only errors."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        disable_logging()  # type: ignore[no-untyped-call]  # prints past the loggers
        try:
            yield
        finally:
            enable_logging()  # type: ignore[no-untyped-call]
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


@contextmanager
def few_tries() -> Iterator[None]:
    """A server that is down is said after some seconds, where nothing else is stated.

    By default MLflow asks eight times and says nothing meanwhile.
    """
    if _TRIES in os.environ:
        yield
        return
    os.environ[_TRIES] = _FEW
    try:
        yield
    finally:
        del os.environ[_TRIES]


__all__ = ["few_tries", "mlflow", "quiet"]
