"""What a source names, and that nothing people are told holds its password."""

from pathlib import Path

import pytest

from features.errors import PortfolioError, VariableNotSetError
from features.portfolio import Portfolio
from features.reading.source_url import password_warning, without_secret


def opened(folder: Path, source: str) -> PortfolioError:
    """The error that a source which cannot be used ends in."""
    (folder / "portfolio.yaml").write_text(f"source: '{source}'", encoding="utf-8")
    with pytest.raises(PortfolioError) as raised:
        Portfolio.open(folder)
    return raised.value


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("postgresql://u:${A_SECRET}@127.0.0.1:1/b", id="a variable"),
        pytest.param("postgresql://u:hunter2@127.0.0.1:1/b", id="a database"),
        pytest.param("postgresql://u:hunter2/x@127.0.0.1:1/b", id="not escaped"),
        pytest.param("warehouse://u:hunter2@h/b", id="no such driver"),
        pytest.param("s3://u:hunter2@shop?colour=red", id="an option that is none"),
        pytest.param("${WHOLE}", id="a URL that is one variable"),
        pytest.param("s3://shop?secret_key=hunter2", id="in the query of a bucket"),
        pytest.param("warehouse://h/b?token=hunter2", id="in the query of no driver"),
        pytest.param(
            "postgresql://127.0.0.1:1/b?sslmode=require&sslpassword=hunter2",
            id="in the query of a database",
        ),
        pytest.param(
            "postgresql://127.0.0.1:1/b?password=hunter2", id="a password as an option"
        ),
    ],
)
def test_a_secret_is_never_said(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "hunter2/2")
    monkeypatch.setenv("WHOLE", "s3://u:hunter2@shop?colour=red")
    assert "hunter" not in str(opened(tmp_path, source))


def test_a_database_error_holds_no_secret_in_its_cause(tmp_path: Path) -> None:
    error = opened(tmp_path, "postgresql://u:hunter2@127.0.0.1:1/b")
    assert error.__cause__ is None


def test_a_driver_that_says_the_password_alone_is_not_passed_on() -> None:
    url = "s3://key:hunter%2F2@shop"
    said = without_secret("refused: hunter/2, or hunter%2F2", url, "s3://***@shop")
    assert said == "refused: ***, or ***"


def test_a_driver_that_says_a_value_of_the_query_is_not_passed_on() -> None:
    url = "s3://shop?sig=hunter%2F2&region=eu-west-1"
    said = without_secret("eu-west-1 refused hunter/2 (hunter%2F2)", url, "s3://shop")
    assert said == "eu-west-1 refused *** (***)"


def test_a_whole_url_in_a_variable_may_name_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHOLE", "s3://shop?colour=red")
    error = opened(tmp_path, "${WHOLE}")
    assert error.code == "store_url_invalid"


@pytest.mark.parametrize(
    "source",
    [
        "postgresql://u:${UNSET_VARIABLE}@h/b",
        "s3://shop/${UNSET_VARIABLE}",
        "${UNSET_VARIABLE}",
    ],
)
def test_a_variable_that_is_not_set_has_its_own_code(
    source: str, tmp_path: Path
) -> None:
    error = opened(tmp_path, source)
    assert isinstance(error, VariableNotSetError)
    assert error.code == "variable_not_set"
    assert error.name == "UNSET_VARIABLE"


def test_a_password_in_a_file_is_warned_of() -> None:
    assert password_warning("postgresql://u:${SECRET}@h/b") is None
    assert password_warning("postgresql://u@h:5432/b") is None
    assert password_warning("postgresql://u:open@h/b") is not None
