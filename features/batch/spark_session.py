"""The session of Apache Spark that the command's user has, or one on this machine."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from features.errors import SparkRemoteError

LOCAL = "local[*]"


@contextmanager
def spark_session(master: str | None = None) -> Iterator[Any]:
    """A Spark session, ended with the block unless it was there before.

    Where `SPARK_REMOTE` is set, Spark's own builder connects there. Workers of other
    machines need this release of Forbear in their Python (`PYSPARK_PYTHON`).

    Args:
        master: URL of the cluster, such as `spark://host:7077`; all cores of this
            machine by default.

    Raises:
        ModuleNotFoundError: the extra `spark` is not installed.
        SparkRemoteError: `SPARK_REMOTE` is set without the packages it needs.
        pyspark.errors.PySparkRuntimeError: there is no Java, or no cluster.
    """
    from pyspark.errors import PySparkImportError
    from pyspark.sql import SparkSession

    earlier = SparkSession.getActiveSession()
    builder = SparkSession.builder.appName("forbear")
    # moments are µs since 1970; where a zone is asked for all the same, it is UTC
    builder = builder.config("spark.sql.session.timeZone", "UTC")
    if not os.environ.get("SPARK_REMOTE"):
        builder = builder.master(master or LOCAL)
        builder = builder.config("spark.ui.enabled", "false")
        builder = builder.config("spark.log.level", "ERROR")
        builder = builder.config("spark.ui.showConsoleProgress", "false")
        # workers on this machine are of this environment; Spark would take `python3`
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        session = builder.getOrCreate()
    except PySparkImportError as error:
        raise SparkRemoteError(
            f"{error}; SPARK_REMOTE needs `pip install grpcio grpcio-status` beside the"
            " extra `spark`: install them, or unset it and name the cluster by"
            " --spark-master"
        ) from error
    try:
        yield session
    finally:
        if earlier is None:
            session.stop()
