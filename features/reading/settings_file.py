"""Reads `portfolio.yaml` into settings; a misspelt key is a warning, not silence."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from features.contract import TABLES
from features.errors import SettingsError
from features.settings import PortfolioSettings

FILE = "portfolio.yaml"


def read_settings(folder: Path) -> tuple[PortfolioSettings, tuple[str, ...]]:
    """The settings of a portfolio folder, and warnings about them.

    Raises:
        SettingsError: if the file is no YAML mapping or a value is impossible.
    """
    file = folder / FILE
    if not file.is_file():
        return PortfolioSettings(), (
            f"no {FILE}: EUR, UTC and the other defaults are assumed",
        )
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from error
    return parse_settings(text)


def parse_settings(text: str) -> tuple[PortfolioSettings, tuple[str, ...]]:
    """The settings that the text of a `portfolio.yaml` states, and warnings.

    Raises:
        SettingsError: if it is no YAML mapping or a value is impossible.
    """
    try:
        said = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from error
    if said is None:
        said = {}
    if not isinstance(said, dict):
        raise SettingsError(f"{FILE} must be a mapping of settings, such as name: …")
    try:
        settings = PortfolioSettings.model_validate(said)
    except ValidationError as error:
        raise SettingsError(f"{FILE}: {_complaints(error)}") from error
    unknown = tuple(
        f"{FILE}: {key} is no setting and was ignored"
        for key in _unknown_keys(said, PortfolioSettings, "")
    )
    return settings, (*unknown, *_unknown_methods(settings))


def _unknown_methods(settings: PortfolioSettings) -> Iterator[str]:
    methods = TABLES["payments"].column("method").choices
    for method in settings.settlement_days:
        if method not in methods:
            yield (
                f"{FILE}: settlement_days.{method} is no payment method and was "
                f"ignored; one of {', '.join(methods)}"
            )


def _complaints(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {_plainly(problem['msg'])}"
        for problem in error.errors()
    )


def _plainly(message: str) -> str:
    return message.removeprefix("Value error, ")


def _unknown_keys(
    said: Mapping[str, Any], model: type[BaseModel], path: str
) -> Iterator[str]:
    known = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in said.items():
        if key not in known:
            yield f"{path}{key}"
            continue
        within = _model_in(known[key].annotation)
        if within is None or not isinstance(value, dict):
            continue
        if get_origin(known[key].annotation) is dict:
            for name, entry in value.items():
                if isinstance(entry, dict):
                    yield from _unknown_keys(entry, within, f"{path}{key}.{name}.")
        else:
            yield from _unknown_keys(value, within, f"{path}{key}.")


def _model_in(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401
    """The settings class an annotation speaks of: itself, optional, or dict values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (dict, Union, UnionType):
        return next(filter(None, map(_model_in, get_args(annotation))), None)
    return None
