"""`portfolio.yaml` of an imported portfolio: written once, then only the dates move."""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import yaml

from importing.errors import OtherPortfolioError

FILE = "portfolio.yaml"
_OBSERVED = re.compile(r"^observed_until:.*$", re.MULTILINE)
_TEXT = """\
# Written by `forbear import {source}`. What you know better, state here.
name: {name}
currency: {currency}
{rates}timezone: {timezone}    # where a day begins and ends
# how far each table was exported; an import moves these dates
{observed}
# materiality: 25
# defaults: {{margin_share: 0.18, lifetime_months: 24}}
"""


def observed_line(observed: Mapping[str, datetime]) -> str:
    """The line that says up to when each table was looked at.

    >>> from datetime import UTC
    >>> observed_line({"invoices": datetime(2026, 11, 28, 9, tzinfo=UTC)})
    "observed_until: {invoices: '2026-11-28T09:00:00Z'}"
    """
    moments = {
        table: moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        for table, moment in sorted(observed.items())
    }
    flow = yaml.safe_dump(moments, default_flow_style=True, width=1_000_000).strip()
    return f"observed_until: {flow}"


def stated_currency(portfolio: Path) -> str | None:
    """The currency that the portfolio is in already; None where there is none yet."""
    file = portfolio / FILE
    if not file.exists():
        return None
    stated = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    currency = stated.get("currency")
    return None if currency is None else str(currency)


def write_settings(
    portfolio: Path,
    source: str,
    currency: str,
    rates: Mapping[str, float | None],
    timezone: str,
    observed: Mapping[str, datetime],
) -> None:
    """Write or move on `portfolio.yaml`.

    Args:
        portfolio: its folder.
        source: name of the source, for the first line.
        currency: ISO 4217, of the portfolio.
        rates: of the other currencies in the files; None where nobody said it.
        timezone: IANA name.
        observed: the moment up to which each table was looked at.

    Raises:
        OtherPortfolioError: the file is there in another currency, or its dates
            stand in a form that cannot be moved on.
    """
    file = portfolio / FILE
    if not file.exists():
        text = _TEXT.format(
            source=source,
            name=portfolio.resolve().name,
            currency=currency,
            rates=_rates(rates),
            timezone=timezone,
            observed=observed_line(observed),
        )
        file.write_text(text, encoding="utf-8")
        return
    text = file.read_text(encoding="utf-8")
    stated = yaml.safe_load(text) or {}
    if stated.get("currency") != currency:
        raise OtherPortfolioError(
            f"{file} is in {stated.get('currency')}, the import in {currency}: "
            f"say --currency {stated.get('currency')} and a --rate for {currency}"
        )
    file.write_text(_moved_on(file, text, stated, observed), encoding="utf-8")


def _moved_on(
    file: Path,
    text: str,
    stated: Mapping[str, object],
    observed: Mapping[str, datetime],
) -> str:
    there = stated.get("observed_until")
    if there is None:
        return f"{text.rstrip()}\n{observed_line(observed)}\n"
    if not isinstance(there, dict) or len(_OBSERVED.findall(text)) != 1:
        raise OtherPortfolioError(
            f"{file} says observed_until for all tables at once; say it by table, on "
            f"one line: {observed_line(observed)}"
        )
    moments = {table: _moment(value) for table, value in there.items()}
    for table, moment in observed.items():
        moments[table] = max(moment, moments.get(table, moment))
    return _OBSERVED.sub(lambda _: observed_line(moments), text)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value))


def _rates(rates: Mapping[str, float | None]) -> str:
    known = {c: rate for c, rate in sorted(rates.items()) if rate is not None}
    lines = []
    if known:
        flow = yaml.safe_dump(known, default_flow_style=True).strip()
        lines.append(f"rates: {flow}    # to the currency above")
    missing = [c for c, rate in sorted(rates.items()) if rate is None]
    if missing:
        example = ", ".join(f"{c}: 0.0" for c in missing)
        lines.append(
            f"# rates: {{{example}}}    # rows in these currencies are refused until "
            "their rate to the currency above stands here"
        )
    return "".join(f"{line}\n" for line in lines)
