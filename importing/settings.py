"""`portfolio.yaml` of an imported portfolio: written once, then only the dates move."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from features.settings import DEFAULT_SETTLEMENT_DAYS
from importing.errors import OtherPortfolioError

FILE = "portfolio.yaml"
STALE = timedelta(hours=48)  # no decision on older data, where no policy says otherwise
_TEXT = """\
# Written by `forbear import {source}`. What you know better, state here.
{name}
currency: {currency}
{rates}timezone: {timezone}    # where a day begins and ends
# how far each table was exported; an import moves these dates
{observed}# materiality: 25
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


def stated(portfolio: Path, name: str) -> str | None:
    """What `portfolio.yaml` says under a name; None where there is none yet."""
    file = portfolio / FILE
    if not file.exists():
        return None
    value = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get(name)
    return None if value is None else str(value)


def stated_rates(portfolio: Path) -> dict[str, float]:
    """The rates to its currency that `portfolio.yaml` says."""
    file = portfolio / FILE
    if not file.exists():
        return {}
    rates = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("rates")
    return {str(c): float(rate) for c, rate in (rates or {}).items()}


def settlement_days(portfolio: Path, method: str) -> float:
    """Days that a payment may still fail, by `portfolio.yaml` or as usual."""
    file = portfolio / FILE
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    days = (yaml.safe_load(text) or {}).get("settlement_days") or {}
    return float(days.get(method, DEFAULT_SETTLEMENT_DAYS[method]))


def left_behind(portfolio: Path, latest: datetime) -> dict[str, datetime]:
    """Tables that were looked at so long before the latest row that no list decides.

    By name, up to when each was looked at, by `portfolio.yaml`.
    """
    file = portfolio / FILE
    there = (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get(
        "observed_until"
    )
    if not isinstance(there, dict):
        return {}
    moments = {table: _moment(value) for table, value in there.items()}
    return {
        table: moment
        for table, moment in sorted(moments.items())
        if moment.tzinfo is not None and latest - moment > STALE
    }


def settings_text(
    portfolio: Path,
    source: str,
    currency: str,
    rates: Mapping[str, float | None],
    timezone: str,
    observed: Mapping[str, datetime],
) -> str:
    """The text of `portfolio.yaml`: a new one, or the one there, moved on.

    Args:
        portfolio: its folder.
        source: name of the source, for the first line.
        currency: ISO 4217, of the portfolio.
        rates: of the other currencies; None where nobody said it.
        timezone: IANA name.
        observed: the moment up to which each table was looked at.

    Raises:
        OtherPortfolioError: the file is there in another currency, with another rate,
            or in a form that cannot be moved on.
    """
    file = portfolio / FILE
    if not file.exists():
        name = {"name": portfolio.resolve().name}
        return _TEXT.format(
            source=source,
            name=yaml.safe_dump(name, allow_unicode=True, width=1_000_000).strip(),
            currency=currency,
            rates=_rates(rates),
            timezone=timezone,
            observed=f"{observed_line(observed)}\n" if observed else "",
        )
    text = file.read_text(encoding="utf-8")
    stated = yaml.safe_load(text) or {}
    if stated.get("currency") != currency:
        raise OtherPortfolioError(
            f"{file} is in {stated.get('currency')}, the import in {currency}: "
            f"say --currency {stated.get('currency')} and a --rate for {currency}"
        )
    text = _with_observed(file, text, stated, observed)
    return _with_rates(file, text, stated, rates)


def _with_observed(
    file: Path,
    text: str,
    stated: Mapping[str, object],
    observed: Mapping[str, datetime],
) -> str:
    if not observed:
        return text
    there = stated.get("observed_until") or {}
    if not isinstance(there, dict):
        raise OtherPortfolioError(
            f"{file} says observed_until for all tables at once; say it by table, on "
            f"one line: {observed_line(observed)}"
        )
    moments = {table: _moment(value) for table, value in there.items()}
    for table, moment in observed.items():
        moments[table] = max(moment, moments.get(table, moment))
    return _with_line(file, text, "observed_until", observed_line(moments))


def _with_rates(
    file: Path,
    text: str,
    stated: Mapping[str, object],
    rates: Mapping[str, float | None],
) -> str:
    """Rates that somebody said now beside those that stand there, which stay."""
    there = stated.get("rates") or {}
    said = {c: rate for c, rate in rates.items() if rate is not None}
    if not isinstance(there, dict) or any(
        there.get(c, said[c]) != said[c] for c in said
    ):
        raise OtherPortfolioError(
            f"{file} has other rates than --rate says; leave --rate out, or write "
            f"there: {_rates_line(said)}"
        )
    if said.keys() <= there.keys():
        return text
    return _with_line(file, text, "rates", _rates_line(there | said))


def _with_line(file: Path, text: str, name: str, line: str) -> str:
    """The text with this line for what it said under that name, also over several."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    changed = f"{text.rstrip()}\n{line}\n"
    for key, value in entries:
        if key.value == name:
            end = _end(value)
            changed = f"{text[: key.start_mark.index]}{line}{text[end:]}"
    expected = (yaml.safe_load(text) or {}) | yaml.safe_load(line)
    try:
        is_right = yaml.safe_load(changed) == expected
    except yaml.YAMLError:
        is_right = False
    if not is_right:
        raise OtherPortfolioError(f"{file} cannot be moved on; write there: {line}")
    return changed


def _end(node: yaml.Node) -> int:
    """Where a value ends; a block mapping's own mark is only at what follows it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    index: int = node.end_mark.index
    return index


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value))


def _rates(rates: Mapping[str, float | None]) -> str:
    known = {c: rate for c, rate in sorted(rates.items()) if rate is not None}
    lines = []
    if known:
        lines.append(f"{_rates_line(known)}    # to the currency above")
    missing = [c for c, rate in sorted(rates.items()) if rate is None]
    if missing:
        example = ", ".join(f"{c}: 0.0" for c in missing)
        lines.append(
            f"# rates: {{{example}}}    # rows in these currencies are refused until "
            "their rate to the currency above stands here"
        )
    return "".join(f"{line}\n" for line in lines)


def _rates_line(rates: Mapping[str, float]) -> str:
    flow = yaml.safe_dump(dict(rates), default_flow_style=True, width=1_000_000)
    return f"rates: {flow.strip()}"
