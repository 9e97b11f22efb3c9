"""What the environment says, read once at start-up."""

import os
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
)

from decisions.actions import Action
from features.reading.source_url import without_login
from scoring.shelf import forbear_home
from serving.log import LogFormat


def checked_rate(text: str) -> str:
    """`text` if it is a rate, such as `50/second`. Raises ValueError."""
    from limits import parse  # loaded only where something is limited

    parse(text)  # raises ValueError
    return text


def _networks(text: str) -> str:
    for one in text.split(","):
        ip_network(one.strip())  # raises ValueError
    return text


RateLimit = Annotated[str, AfterValidator(checked_rate)]
PREFIX = "FORBEAR_"


class BadSettingError(Exception):
    """An environment variable does not mean anything here."""

    code = "bad_setting"

    def __init__(self, name: str, value: object, why: str) -> None:
        shown = without_login(str(value))  # an address may hold a secret
        super().__init__(f"{PREFIX}{name.upper()}={shown}: {why}")
        self.why = why


class ServingSettings(BaseModel):
    """Every field is an environment variable with the prefix `FORBEAR_`."""

    model_config = ConfigDict(frozen=True)

    home: Path = Field(description="state folder: bundles, decisions, keys")
    database_url: SecretStr | None = Field(
        default=None,
        description="postgresql://… to keep decisions, events and keys in instead of"
        " files of the state folder; several services may share it",
    )
    policy: Path | None = Field(
        default=None,
        description="policy file, until one is published; absent: the one that ships",
    )
    settings: Path | None = Field(
        default=None,
        description="portfolio.yaml whose `defaults` and `none` hold for requests, and"
        " all of it while only the starter is in force; absent: as the models have it",
    )
    customers: int | None = Field(
        default=None,
        ge=1,
        description="how many customers there are, for budgets stated as a share;"
        " absent: as many as the portfolio had in training",
    )
    max_body_bytes: int = Field(default=4_000_000, ge=1_000, description="bytes")
    # of those waited for the last one waits for all: 4 keep the p99 near three times
    # that of one connection alone (`benchmarks.overload`)
    max_accepted: int = Field(
        default=4,
        ge=1,
        description="scores being waited for, computed or recorded at once; more are"
        " refused with 503 and Retry-After",
    )
    customer_memory_bytes: int = Field(
        default=64_000_000,
        ge=0,
        description="bytes, about, of the stored customers kept in memory",
    )
    rate_limit: RateLimit | None = Field(
        default=None,
        description="requests of each API key, such as 100/second, to all workers of a"
        " service; absent: as many as it likes",
    )
    max_header_bytes: int = Field(
        default=16_384, ge=1_000, description="bytes of request line and headers"
    )
    max_connections: int = Field(default=1_000, ge=1, description="open at once")
    header_timeout_s: float = Field(
        default=10.0, gt=0, description="seconds to send request line and headers"
    )
    body_timeout_s: float = Field(
        default=30.0, gt=0, description="seconds to send a body"
    )
    keep_alive_s: int = Field(
        default=75, ge=1, description="seconds a connection may wait for a request"
    )
    shutdown_timeout_s: int = Field(
        default=20, ge=1, description="seconds for accepted requests when told to end"
    )
    max_unpacked_bytes: int = Field(
        default=16_000_000,
        ge=1_000,
        description="bytes of a packed batch of events after unpacking",
    )
    poll_s: float = Field(
        default=1.0, gt=0, description="seconds between looks at champions and policy"
    )
    clock_skew_s: float = Field(
        default=5.0, ge=0, description="seconds as_of may be ahead of our clock"
    )

    trusted_proxies: Annotated[str, AfterValidator(_networks)] | None = Field(
        default=None,
        description="addresses or networks of proxies, with commas between, whose"
        " X-Forwarded-For says who asks; absent: whoever connects",
    )

    webhooks: Path | None = Field(
        default=None,
        description="YAML file of endpoints that are told of decisions, each with its"
        " name, address, secret and severity",
    )
    webhook_url: str | None = Field(
        default=None, description="https://… that is told of decisions"
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="whsec_… to sign messages with; while it is changed two, with a"
        " blank between",
    )
    webhook_severity: Action = Field(
        default="review", description="the mildest action that is told of"
    )
    webhook_content: Literal["ids", "answer"] = Field(
        default="ids", description="whether a message holds the whole answer"
    )
    webhook_allow_http: bool = Field(
        default=False, description="plain http to other machines than this one"
    )

    oidc_issuer: str | None = Field(
        default=None, description="whose bearer tokens are taken beside API keys"
    )
    oidc_audience: str | None = Field(
        default=None, description="for whom tokens must be made out: `aud`"
    )
    oidc_jwks_url: str | None = Field(
        default=None,
        description="where the issuer's keys are; absent: as it says itself",
    )
    oidc_algorithms: str = Field(
        default="RS256 ES256", description="that tokens may be signed with"
    )
    oidc_scope_claim: str = Field(
        default="scope", description="claim that holds `forbear:score` and the like"
    )
    oidc_customers_claim: str | None = Field(
        default=None,
        description="claim that holds how ids of a token's customers begin, * for all;"
        " absent: every token may name every customer",
    )
    oidc_leeway_s: float = Field(
        default=30.0, ge=0, le=300, description="seconds the issuer's clock may differ"
    )

    oidc_role_claim: str = Field(
        default="forbear_role",
        description="claim that holds the role of a token's holder at the desk",
    )

    desk_portfolio: Path | None = Field(
        default=None,
        description="folder of the portfolio on whose past the desk tries changes of"
        " the policy; absent: they are not tried",
    )
    desk_session_hours: float = Field(
        default=8.0, gt=0, le=168, description="hours until a session at the desk ends"
    )
    desk_provider: Literal["partner-center", "kill-bill"] = Field(
        default="partner-center",
        description="whom requests that a person orders at the desk are planned for",
    )
    desk_attempt_limit: RateLimit = Field(
        default="20/minute",
        description="wrong keys at the desk from one network address",
    )

    people: Path | None = Field(
        default=None,
        description="CSV with the columns name and roles: who is in the teams that the"
        " policy names, so that only they agree to acts and release holds at the desk;"
        " absent: the role at the desk alone decides",
    )

    link_key: SecretStr | None = Field(
        default=None,
        description="random text of at least 32 characters that signs the links of"
        " letters; while it is changed two, with a blank between; absent: customers"
        " have no form here",
    )
    public_rate_limit: RateLimit = Field(
        default="300/minute",
        description="requests to public pages from one network address",
    )
    form_rate_limit: RateLimit = Field(
        default="20/hour", description="messages sent through the link of one letter"
    )

    log_format: LogFormat = Field(
        default="text", description="of lines on standard error; json: an object a line"
    )
    traces_endpoint: str | None = Field(
        default=None, description="http(s)://…/v1/traces of an OpenTelemetry collector"
    )

    @property
    def link_keys(self) -> str | None:
        """What signs the links of letters, as `LinkSigner.of` takes it."""
        return None if self.link_key is None else self.link_key.get_secret_value()

    @property
    def store(self) -> tuple[Path, str | None]:
        """Where decisions, events and keys are kept, as `store.opening` takes it."""
        url = self.database_url
        return self.home, None if url is None else url.get_secret_value()


def serving_settings(environment: Mapping[str, str] = os.environ) -> ServingSettings:
    """Settings from `environment`; an empty variable counts as absent.

    Raises:
        BadSettingError: for the first variable that cannot be used.

    >>> serving_settings({"FORBEAR_HOME": "/srv/forbear"}).poll_s
    1.0
    """
    stated = {
        name: environment[PREFIX + name.upper()]
        for name in ServingSettings.model_fields
        if environment.get(PREFIX + name.upper())
    }
    try:
        return ServingSettings.model_validate({"home": forbear_home(), **stated})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise BadSettingError(name, first["input"], first["msg"]) from error
