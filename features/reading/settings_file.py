"""Reads `portfolio.yaml` into settings; a misspelt key is a warning, not silence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from features.contract import TABLES
from features.errors import SettingsError
from features.reading.mapping import check_mappings
from features.reading.origin import Origin
from features.reading.settings_yaml import (
    SettingsYamlError,
    plain_texts,
    read_mapping,
)
from features.settings import PortfolioSettings

FILE = "portfolio.yaml"
_LONGEST_COMPLAINT = 300  # characters


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """What a portfolio's folder says about it."""

    settings: PortfolioSettings
    origin: Origin
    warnings: tuple[str, ...]


def read_settings(folder: Path) -> SettingsFile:
    """The settings of a portfolio folder, and warnings about them.

    Raises:
        SettingsError: if the file is no YAML mapping or a value is impossible.
    """
    file = folder / FILE
    if not file.is_file():
        note = f"no {FILE}: EUR, UTC and the other defaults are assumed"
        return SettingsFile(PortfolioSettings(), Origin(), (note,))
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE} cannot be read: {error}") from error
    return parse_settings(text)


def parse_settings(text: str) -> SettingsFile:
    """What the text of a `portfolio.yaml` states.

    Raises:
        SettingsError: if it is no YAML mapping or a value is impossible.
    """
    try:
        stated, texts = read_mapping(text), plain_texts(text)
    except SettingsYamlError as error:
        raise SettingsError(f"{FILE} cannot be read: {_short(str(error))}") from error
    try:
        settings = PortfolioSettings.model_validate(stated)
        # own words are texts as written: 01 stays 01, yes stays yes
        origin = Origin.model_validate(
            {key: texts[key] for key in Origin.model_fields if key in texts}
        )
    except ValidationError as error:
        raise SettingsError(f"{FILE}: {_complaints(error)}") from error
    check_mappings(origin.columns, settings)
    unknown = tuple(
        f"{FILE}: {key} is no setting and was ignored"
        for key in _unknown_keys(stated, PortfolioSettings, "")
        if key not in Origin.model_fields
    )
    return SettingsFile(settings, origin, (*unknown, *_unknown_methods(settings)))


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
        f"{_short('.'.join(map(str, problem['loc'])))}: {_plainly(problem['msg'])}"
        for problem in error.errors()
    )


def _plainly(message: str) -> str:
    return _short(message.removeprefix("Value error, "))


def _short(message: str) -> str:
    is_long = len(message) > _LONGEST_COMPLAINT
    return f"{message[:_LONGEST_COMPLAINT]} …" if is_long else message


def _unknown_keys(
    values: Mapping[str, Any], model: type[BaseModel], path: str
) -> Iterator[str]:
    known = {field.alias or name: field for name, field in model.model_fields.items()}
    for key, value in values.items():
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
