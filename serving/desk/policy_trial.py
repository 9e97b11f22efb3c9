"""A change of the policy, looked at before anybody depends on it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from difflib import unified_diff
from typing import Literal, NamedTuple

from advice.currency import in_portfolio_currency
from advice.errors import AdviceError
from advice.policy_publication import obstacles
from decisions.errors import PolicyFileError
from decisions.policy.finding import Finding
from decisions.policy_file.check import check
from decisions.policy_file.lines import on_lines
from decisions.policy_file.load import Policy, parse_policy
from decisions.policy_file.reading import plain_values
from decisions.policy_file.succession import notices_restart
from features.settings import PortfolioSettings
from store.policy_versions import PolicyVersion
from wording.publication import publish

Kind = Literal["added", "removed", "kept", "place"]
_KINDS: dict[str, Kind] = {"+": "added", "-": "removed", "@": "place"}
_CONTEXT = 2  # lines around what changed
FILE = "policy"


class Line(NamedTuple):
    """A line of a comparison; `place`: where the next ones stand."""

    kind: Kind
    text: str


class Trial(NamedTuple):
    """What a change would do.

    Args:
        findings: of the check; with an error among them it cannot be published.
        rules: the two files, line by line; nothing where one cannot be read at all.
        text: what customers read, line by line.
        policy: the new one; None where the text is none.
    """

    findings: Sequence[Finding]
    rules: Sequence[Line]
    text: Sequence[Line]
    policy: Policy | None

    @property
    def has_errors(self) -> bool:
        """Whether the check found what keeps it from being published."""
        return any(finding.severity == "error" for finding in self.findings)


def tried(
    in_force: str,
    proposed: str,
    lang: str,
    n_customers: int | None = None,
    settings: PortfolioSettings | None = None,
    published: Sequence[PolicyVersion] = (),
) -> Trial:
    """Check a policy file's text and compare it with the one in force.

    Args:
        in_force: the file in force, as it is written.
        proposed: another one.
        lang: in which the customers' text is compared.
        n_customers: the base of budgets stated as a share; None: not known.
        settings: of the models, whose currency a policy must be able to count in.
        published: every version so far.
    """
    rules = compared(in_force, proposed)
    try:
        policy = parse_policy(proposed, FILE)
    except PolicyFileError as error:
        return Trial(error.findings, rules if _has_keys(proposed) else (), (), None)
    before, now = parse_policy(in_force, FILE), datetime.now(UTC)
    texts = [publish(one, lang, "md") for one in (before, policy)]
    findings = [
        *obstacles(policy, before.hash, published, now),
        *_misfits(policy, settings),
        *notices_restart(before, policy, now),
        *check(policy, n_customers),
    ]
    return Trial(on_lines(findings, proposed), rules, compared(*texts), policy)


def _misfits(policy: Policy, settings: PortfolioSettings | None) -> list[Finding]:
    """What would keep every service from taking the policy up."""
    try:
        if settings is not None:
            in_portfolio_currency(policy, settings)
    except AdviceError as error:
        return [Finding(error.code, "error", "currency", str(error))]
    return []


def _has_keys(text: str) -> bool:
    """Whether lines can be compared at all: the text is YAML, and has keys."""
    try:
        return isinstance(plain_values(text, FILE), dict)
    except PolicyFileError:
        return False


def compared(before: str, after: str) -> list[Line]:
    r"""What differs, with a little of what stands around it: nothing where all is kept.

    >>> compared("a: 1", "a: 2")[1:]
    [Line(kind='removed', text='a: 1'), Line(kind='added', text='a: 2')]
    >>> compared("a: 1\n\n", "a: 1")
    []
    """
    lines = unified_diff(_written(before), _written(after), n=_CONTEXT, lineterm="")
    return list(_lines(list(lines)[2:]))  # the first two name files


def _written(text: str) -> list[str]:
    """The lines of a text without the blank ones around it, which a form takes away."""
    return text.strip().splitlines()


def _lines(lines: Sequence[str]) -> Iterator[Line]:
    for line in lines:
        kind = _KINDS.get(line[:1], "kept")
        yield Line(kind, line if kind == "place" else line[1:])
