"""Sessions of Apache Spark that cannot be had."""

from importlib.util import find_spec
from typing import NoReturn

import pytest

from features.batch.spark_session import spark_session
from features.errors import SparkRemoteError


@pytest.mark.skipif(find_spec("pyspark") is None, reason="needs the extra spark")
def test_what_spark_remote_needs_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.errors import PySparkImportError
    from pyspark.sql import SparkSession

    def without_grpc(_: object) -> NoReturn:
        raise PySparkImportError(
            errorClass="PACKAGE_NOT_INSTALLED",
            messageParameters={"package_name": "grpcio", "minimum_version": "1.48.1"},
        )

    monkeypatch.setenv("SPARK_REMOTE", "sc://localhost:15002")
    monkeypatch.setattr(SparkSession.Builder, "getOrCreate", without_grpc)
    with pytest.raises(SparkRemoteError, match=r"pip install grpcio"), spark_session():
        pass
