"""Which systems are told of decisions, and of which: endpoints as settings name them.

One endpoint needs settings alone (`FORBEAR_WEBHOOK_URL` and those beside it); several
stand in a file (`FORBEAR_WEBHOOKS`), each under a name of its own.
"""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from decisions.actions import ACTIONS, SEVERITY, Action
from features.reading.settings_yaml import SettingsYamlError, read_mapping
from serving.settings import BadSettingError, ServingSettings
from store.announcing import DEFAULT, Announced

Kind = Literal["decision.recorded", "chain.head"]
KINDS: frozenset[Kind] = frozenset(get_args(Kind))
_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True, slots=True)
class WebhookTerms:
    """One endpoint as it is stated; its address and its secret are not checked yet.

    Args:
        secret: reads it, for commands that send nothing need none; raises
            BadSettingError.
        file: that states it; None: single settings do.
        has_answers: whether messages hold the whole answer, and not ids alone.
        may_be_plain: plain http to other machines than this one.
    """

    name: str
    url: str
    secret: Callable[[], str]
    severity: Action
    kinds: frozenset[Kind]
    has_answers: bool
    may_be_plain: bool
    file: Path | None = None

    def is_told_of(self, action: Action) -> bool:
        """Whether decisions of this action are told of."""
        is_severe = SEVERITY[action] >= SEVERITY[self.severity]
        return "decision.recorded" in self.kinds and is_severe


class _Stated(BaseModel):
    """An endpoint in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    secret_env: str | None = None
    secret_file: Path | None = None
    severity: Action = "review"
    kinds: frozenset[Kind] = Field(default=KINDS, min_length=1)
    content: Literal["ids", "answer"] = "ids"
    allow_http: bool = False

    @model_validator(mode="after")
    def _has_one_secret(self) -> Self:
        if (self.secret_env is None) == (self.secret_file is None):
            raise ValueError("state either secret_env or secret_file")
        return self

    def secret(self, folder: Path) -> str:
        """What the variable or the file holds.

        `folder`: where a relative `secret_file` begins.

        Raises:
            BadSettingError: there is no such variable or file, or it is no text.
        """
        if self.secret_env is not None:
            try:
                return os.environ[self.secret_env]
            except KeyError:  # not quoted: some write the secret itself there
                why = "secret_env names a variable that is not set"
                raise BadSettingError("webhook_secret", "…", why) from None
        assert self.secret_file is not None  # noqa: S101 - one of both is stated
        file = folder / self.secret_file
        try:
            return file.read_text(encoding="utf-8")
        except OSError as error:
            why = f"secret_file: {file} cannot be read"
            raise BadSettingError("webhook_secret", "…", why) from error
        except UnicodeDecodeError:  # its message may quote the secret
            why = f"secret_file: {file} is no UTF-8 text"
            raise BadSettingError("webhook_secret", "…", why) from None


def webhook_terms(settings: ServingSettings) -> list[WebhookTerms]:
    """The endpoints of the settings and of their file, in the order they are stated.

    Raises:
        BadSettingError: the file cannot be read, or an endpoint in it is none.
    """
    named = [] if settings.webhooks is None else _named(settings.webhooks)
    if settings.webhook_url is None:
        return named
    if DEFAULT in {one.name for one in named}:
        why = f"{DEFAULT} is the name of the endpoint of FORBEAR_WEBHOOK_URL"
        raise BadSettingError("webhooks", settings.webhooks, why)
    stated = settings.webhook_secret
    default = WebhookTerms(
        name=DEFAULT,
        url=settings.webhook_url,
        secret=lambda: "" if stated is None else stated.get_secret_value(),
        severity=settings.webhook_severity,
        kinds=KINDS,
        has_answers=settings.webhook_content == "answer",
        may_be_plain=settings.webhook_allow_http,
    )
    return [default, *named]


def announced(settings: ServingSettings) -> Announced:
    """For each action the endpoints that are told of its decisions."""
    terms = webhook_terms(settings)
    told = {
        action: [one.name for one in terms if one.is_told_of(action)]
        for action in ACTIONS
    }
    return {action: names for action, names in told.items() if names}


def told_of_heads(settings: ServingSettings) -> list[str]:
    """The endpoints that are told of signed heads of the chain."""
    return [one.name for one in webhook_terms(settings) if "chain.head" in one.kinds]


def _named(file: Path) -> list[WebhookTerms]:
    try:
        stated = read_mapping(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettingError("webhooks", file, "cannot be read") from error
    except SettingsYamlError as error:
        raise BadSettingError("webhooks", file, str(error)) from error
    return [_terms(file, name, terms) for name, terms in stated.items()]


def _terms(file: Path, name: str, stated: Mapping[str, object]) -> WebhookTerms:
    if _NAME.fullmatch(name) is None:
        why = f"{name[:40]!r}: a name has small letters, digits and -, at most 31"
        raise BadSettingError("webhooks", file, why)
    try:
        one = _Stated.model_validate(stated)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join([name, *map(str, first["loc"])])
        why = f"{where}: {first['msg']}"
        raise BadSettingError("webhooks", file, why) from None
    return WebhookTerms(
        name=name,
        url=one.url,
        secret=partial(one.secret, file.parent),
        severity=one.severity,
        kinds=one.kinds,
        has_answers=one.content == "answer",
        may_be_plain=one.allow_http,
        file=file,
    )
