"""`portfolio.yaml`: the settings every computation on a portfolio depends on.

A bundle carries them to the place where it serves, so training and serving read
the same currency, time zone, materiality and attributes.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from features.contract import TABLES, ColumnKind, ColumnSpec
from features.facts import MoneySource
from features.moments import NO_END, MomentError, parse_moment, to_datetime
from features.money import ten_thousandths
from features.reading.rejects import WHAT_TO_DO

_CODE = re.compile(r"[A-Z]{3}")  # of ISO 4217


def _is_in_capitals(value: object) -> object:
    if isinstance(value, str) and not _CODE.fullmatch(value):
        is_meant = _CODE.fullmatch(value.upper()) is not None
        instead = value.upper() if is_meant else "a code of ISO 4217, such as EUR"
        raise ValueError(f"write {instead}; it is {value!r}")
    return value


Currency = Annotated[
    str, Field(pattern=r"^[A-Z]{3}$"), BeforeValidator(_is_in_capitals)
]
# YAML reads 0.92 as a binary float; its shortest text is the number meant
Exact = Annotated[
    Decimal, BeforeValidator(lambda v: str(v) if isinstance(v, float) else v)
]
LEAST_RATE = Decimal("1e-9")
ASSUMED_MARGIN_SHARE, ASSUMED_LIFETIME_MONTHS = 0.18, 24.0

Days = Annotated[int, Field(le=36_500)]  # a hundred years: moments stay in range
# Names that tables have anyway, or that computing needs; `forbear_…` as well
RESERVED_NAMES = frozenset(
    {
        "as_of",
        "customer_id",
        "due_on",
        "event_at",
        "known_at",
        "retracted",
        "rowid",
        "superseded_at",
    }
)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


def _within_money(amount: Decimal) -> Decimal:
    ten_thousandths(amount)  # refuses what no account could hold
    return amount


def _within_rates(rate: Decimal) -> Decimal:
    """What lies outside is a slip: no currency is worth so little or so much."""
    if not LEAST_RATE <= rate <= 1 / LEAST_RATE:
        raise ValueError("a rate must lie between 1e-9 and 1e9")
    return rate


def _column_or_constant(value: object) -> object:
    """A text that reads as a number is a constant, any other text a column."""
    try:
        constant = Decimal(str(value))
    except ArithmeticError:
        return value
    return _within_money(constant)


Rate = Annotated[Exact, AfterValidator(_within_rates)]
ColumnOrConstant = Annotated[str | Decimal, BeforeValidator(_column_or_constant)]


class Attribute(_Settings):
    """A declared extra column of `customers` (or `table`) that becomes a feature."""

    type: Literal["number", "money", "boolean", "category"] = "number"
    monotone: Literal["increasing", "decreasing"] | None = None
    family: str = "attributes"
    text: str | None = None
    table: str = Field(default="customers", alias="from")
    unit: str = ""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    @field_validator("table")
    @classmethod
    def _is_a_table(cls, name: str) -> str:
        if name not in TABLES:
            raise ValueError(f"no table {name!r}; one of {', '.join(TABLES)}")
        return name


class Exposure(_Settings):
    """Money at stake of a flat portfolio: a column of `customers` or a constant."""

    open: ColumnOrConstant = Decimal(0)
    run_up: ColumnOrConstant = Decimal(0)
    clv: ColumnOrConstant = Decimal(0)


class Defaults(_Settings):
    """Where customers say nothing about their margin and remaining lifetime.

    What is stated is the reseller's word. What is not is assumed, and a value that
    follows from it counts as assumed (CONTRACT 2.7).
    """

    margin_share: float | None = Field(
        default=None, ge=0, le=1, description="of the price"
    )
    lifetime_months: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @property
    def share(self) -> float:
        """The margin's share of the price, stated or assumed."""
        return ASSUMED_MARGIN_SHARE if self.margin_share is None else self.margin_share

    @property
    def months(self) -> float:
        """The months that remain, stated or assumed."""
        stated = self.lifetime_months
        return ASSUMED_LIFETIME_MONTHS if stated is None else stated


class NonpaymentLabels(_Settings):
    source: Literal["events", "outcomes"] = Field(default="events", alias="from")
    days_past_due: Days = Field(default=60, ge=1)
    horizon_days: Days = Field(default=90, ge=1)
    posting_lag_days: Days = Field(default=5, ge=0)

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class FraudLabels(_Settings):
    horizon_days: Days = Field(default=90, ge=1)
    maturity_days: (
        Annotated[Days, Field(ge=0)]
        | dict[
            Literal["chargeback", "confirmed", "analyst"], Annotated[Days, Field(ge=0)]
        ]
        | Literal["observed"]
    ) = 120
    takeover_is_fraud: bool = False
    recorded_from: date | None = Field(
        default=None, description="no date to learn from lies before it"
    )


class Labels(_Settings):
    nonpayment: NonpaymentLabels = NonpaymentLabels()
    fraud: FraudLabels = FraudLabels()


class Snapshots(_Settings):
    every: Literal["month", "week"] = "month"
    warm_up_days: Days = Field(default=90, ge=0, description="after the first event")


class PortfolioSettings(_Settings):
    """See CONTRACT section 1. `tables` is filled when a portfolio is opened."""

    name: str = "portfolio"
    is_simulated: bool = Field(
        default=False, description="said wherever numbers are shown"
    )
    currency: Currency = "EUR"
    rates: dict[Currency, Rate] = {}
    timezone: str = "UTC"
    observed_until: AwareDatetime | dict[str, AwareDatetime] | None = None
    keys: Literal["per_portfolio", "per_customer"] = Field(
        default="per_portfolio",
        description="where numbers such as invoice_id are unique",
    )
    none: dict[str, date] = Field(
        default={}, description="tables of which there are no rows, said on that day"
    )
    dismissed: frozenset[str] = Field(
        default=frozenset(),
        description="reject_id of rejected rows that a person looked at",
    )
    derive_links: bool = Field(
        default=True, description="find `links` from payments and access"
    )
    materiality: Annotated[Exact, AfterValidator(_within_money)] = Field(
        default=Decimal(25), ge=0
    )
    settlement_days: dict[str, Annotated[float, Field(ge=0, le=3650)]] = {}
    attributes: dict[str, Attribute] = {}
    exposure: Exposure | None = None
    defaults: Defaults = Defaults()
    labels: Labels = Labels()
    snapshots: Snapshots = Snapshots()
    tables: frozenset[str] = frozenset()

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"unknown time zone {name[:80]!r}") from error
        return name

    @field_validator("observed_until", mode="before")
    @classmethod
    def _is_observed_until(cls, value: object, context: ValidationInfo) -> object:
        """As any `known_at`: a plain date is the end of its day."""
        zone = ZoneInfo(context.data.get("timezone", "UTC"))
        if not isinstance(value, Mapping):
            return cls._moment(value, zone)
        cls._are_tables(value)
        moments = {table: cls._moment(stated, zone) for table, stated in value.items()}
        return {table: at for table, at in moments.items() if at is not None}

    @field_validator("none")
    @classmethod
    def _none_names_tables(cls, none: dict[str, date]) -> dict[str, date]:
        cls._are_tables(none)
        if "customers" in none:
            raise ValueError("a portfolio has customers")
        return none

    @staticmethod
    def _are_tables(names: Iterable[object]) -> None:
        for name in names:
            if name not in TABLES:
                raise ValueError(f"no table {name!r}; one of {', '.join(TABLES)}")

    @staticmethod
    def _moment(value: object, zone: ZoneInfo) -> datetime | None:
        try:
            moment = parse_moment(value, zone)
        except MomentError as error:
            raise ValueError(WHAT_TO_DO[error.rule]) from error
        if moment is not None and not 0 <= moment < NO_END:
            raise ValueError(WHAT_TO_DO["time_out_of_range"])
        return None if moment is None else to_datetime(moment)

    @field_validator("attributes")
    @classmethod
    def _names_are_free(cls, attributes: dict[str, Attribute]) -> dict[str, Attribute]:
        """Databases do not tell `X` from `x`."""
        taken: dict[tuple[str, str], str] = {
            (table, column.name): column.name
            for table, spec in TABLES.items()
            for column in spec.columns
        }
        for name, attribute in attributes.items():
            plain = name.casefold()
            if plain in RESERVED_NAMES or plain.startswith("forbear_"):
                raise ValueError(f"the name {name!r} is taken; rename the column")
            other = taken.setdefault((attribute.table, plain), name)
            if other != name:
                raise ValueError(
                    f"{name!r} and {other!r} differ only in case; rename the column"
                )
        return attributes

    @model_validator(mode="after")
    def _stakes_are_money(self) -> Self:
        """A column that `exposure` names is money, also as an attribute."""
        in_contract = {c.name: c.kind for c in TABLES["customers"].columns}
        for name in self.exposure_columns:
            attribute = self.attributes.get(name)
            if in_contract.get(name, "money") != "money":
                raise ValueError(f"exposure: column {name!r} is no money")
            if attribute is None or attribute.table != "customers":
                continue
            if attribute.type not in ("number", "money"):
                raise ValueError(f"exposure: attribute {name!r} is no money")
            as_money = attribute.model_copy(update={"type": "money"})
            self.attributes[name] = as_money
        return self

    def model_copy(
        self, *, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """A copy; what follows from its fields is worked out from the new ones."""
        copy = super().model_copy(update=update, deep=deep)
        if update:
            for name in ("zone", "materiality_money", "columns"):
                copy.__dict__.pop(name, None)
        return copy

    @cached_property
    def zone(self) -> ZoneInfo:
        """The portfolio's timezone."""
        return ZoneInfo(self.timezone)

    @cached_property
    def materiality_money(self) -> int:
        """Materiality in ten-thousandths of a major unit."""
        return ten_thousandths(self.materiality)

    @cached_property
    def columns(self) -> Mapping[str, tuple[ColumnSpec, ...]]:
        """The columns of each table: the contract's, then those declared here."""
        declared = {
            (attribute.table, name): ColumnSpec(
                name, KIND_OF_ATTRIBUTE[attribute.type], may_be_negative=True
            )
            for name, attribute in self.attributes.items()
        }
        for stake in self.exposure_columns:
            spec = ColumnSpec(stake, "money", may_be_negative=True)
            declared.setdefault(("customers", stake), spec)
        return {
            table: (
                *spec.columns,
                *(
                    column
                    for (owner, name), column in declared.items()
                    if owner == table and name not in {c.name for c in spec.columns}
                ),
            )
            for table, spec in TABLES.items()
        }

    @property
    def exposure_columns(self) -> tuple[str, ...]:
        """Columns of `customers` named by `exposure` (the rest are constants)."""
        if self.exposure is None:
            return ()
        stakes = (self.exposure.open, self.exposure.run_up, self.exposure.clv)
        return tuple(stake for stake in stakes if isinstance(stake, str))

    @property
    def money_source(self) -> MoneySource:
        """Where the money owed comes from (CONTRACT 2.8).

        Invoices alone do not say it: without payments nobody knows what was paid.
        """
        if {"invoices", "payments"} <= self.tables:
            return "invoices"
        if "ageing" in self.tables:
            return "ageing"
        return "flat" if self.exposure is not None else "unknown"

    def settlement(self, method: str | None) -> float:
        """Days a pending payment of `method` counts as in flight.

        Of a payment that does not say its method the longest: it may be of any.
        """
        days = {**DEFAULT_SETTLEMENT_DAYS, **self.settlement_days}
        return max(days.values()) if method is None else days.get(method, 0.0)


KIND_OF_ATTRIBUTE: Mapping[str, ColumnKind] = {
    "number": "number",
    "money": "money",
    "boolean": "boolean",
    "category": "text",
}
DEFAULT_SETTLEMENT_DAYS = {"direct_debit": 5.0, "bank_transfer": 3.0, "cheque": 10.0}

__all__ = ["DEFAULT_SETTLEMENT_DAYS", "Attribute", "PortfolioSettings"]
