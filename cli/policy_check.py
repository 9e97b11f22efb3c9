"""What `forbear policy check` and `activate` find, and how it is shown."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cli.clock import now_us
from cli.output import show_table, waiting

if TYPE_CHECKING:
    from decisions.policy.finding import Finding
    from decisions.policy_file.load import Policy
    from features.portfolio import Portfolio


def show_findings(title: str, findings: "Iterable[Finding]") -> None:
    """A table of them; the line is of the file where the finding is about one."""
    rows = [
        (f.severity, f.code, "" if f.line is None else str(f.line), f.place, f.message)
        for f in findings
    ]
    show_table(title, ("severity", "code", "line", "where", "what"), rows)


def findings_of(
    file: Path, n_customers: int | None, against: Path | None, folder: Path | None
) -> "list[Finding]":
    """All findings: of the file alone, beside the policy in use, and of a portfolio."""
    from decisions.errors import PolicyFileError
    from decisions.policy_file.check import check
    from decisions.policy_file.lines import on_lines
    from decisions.policy_file.load import parse_policy, policy_text

    # what cannot be read is no policy with an error; and a pipe can be read only once
    text = policy_text(file)
    try:
        policy = parse_policy(text, file.name)
    except PolicyFileError as error:
        return list(error.findings)
    findings = check(policy, n_customers)
    before = policy_until_now(against)
    if folder is not None:
        from features.portfolio import Portfolio

        with waiting("reading the portfolio"):
            portfolio = Portfolio.open(folder, read_at=now_us())
        findings += _of_portfolio(policy, before, portfolio)
    elif before is not None:
        from decisions.policy_file.succession import notices_restart

        findings += notices_restart(before, policy, datetime.now(UTC))
    return on_lines(findings, text)


def policy_until_now(named: Path | None) -> "Policy | None":
    """The one named, else published, else of FORBEAR_POLICY; None: nobody chose one."""
    from advice.assembly import DEFAULT_POLICY
    from cli.policy_in_use import policy_in_use
    from decisions.policy_file.load import load_policy

    in_use = policy_in_use(named)
    is_chosen = in_use != DEFAULT_POLICY or bool(os.environ.get("FORBEAR_POLICY"))
    return load_policy(in_use) if named is not None or is_chosen else None


def _of_portfolio(
    policy: "Policy", before: "Policy | None", portfolio: "Portfolio"
) -> "Iterator[Finding]":
    """Findings that only the data of a portfolio tell."""
    from advice.currency import in_portfolio_currency
    from advice.errors import CurrencyMismatchError
    from advice.promises import what_lies, zones_differ
    from advice.succession import n_who_begin_again
    from decisions.policy.finding import Finding
    from decisions.policy_file.succession import notices_restart
    from features.moments import to_datetime

    try:
        in_portfolio_currency(policy, portfolio.settings)
    except CurrencyMismatchError as error:
        yield Finding("policy_currency", "error", "currency", str(error))
    text = what_lies(policy, portfolio.settings)
    if text is not None:
        yield Finding("portfolio_materiality_holds", "warning", "materiality", text)
    text = zones_differ(policy, portfolio.settings)
    if text is not None:
        yield Finding("policy_timezone", "warning", "calendar.timezone", text)
    if before is not None:
        n_customers = n_who_begin_again(portfolio, before, policy)
        at = to_datetime(portfolio.latest_moment)
        yield from notices_restart(before, policy, at, n_customers)
