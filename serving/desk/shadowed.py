"""What challengers would have decided beside what is in force, as a page shows it."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from markupsafe import Markup

from decisions.actions import ACTIONS
from monitoring.shadow import BANDS, NO_DECISION, UNKNOWN, Comparison, GroupComparison
from serving.desk.page import DeskText
from store.shadows import Decider, Shadow
from wording.messages import Wording
from wording.plots.paired_plot import PairedCount, paired_plot

MOST_SHADOWS = 3  # of those beside what is in force, the latest looked at first


class OtherAction(NamedTuple):
    """How many decisions would have had another action."""

    champion: str
    challenger: str
    n: int


class ShadowCase(NamedTuple):
    """A shadow with its texts in the reader's language.

    Args:
        compared: None while nothing is.
        bundles: by target, those that are not in force.
        other_policy: the policy that is not in force, `name@version` and the begin of
            its hash, as the version of a draft may be that of another; empty: the one
            that is in force.
        chart: how often each action, by either.
        changes: the most frequent first.
        groups: title, and counts by what they have in common.
    """

    shadow: Shadow
    compared: Comparison | None
    bundles: Mapping[str, str]
    other_policy: str
    chart: Markup
    changes: list[OtherAction]
    groups: list[tuple[str, list[tuple[str, GroupComparison]]]]


def shadow_cases(
    shadows: list[Shadow], champion: Decider, words: Wording
) -> list[ShadowCase]:
    """The shadows beside what is in force now; of others the command reports."""
    beside = [one for one in shadows if one.champion == champion]
    return [_case(one, words) for one in beside[:MOST_SHADOWS]]


def _case(shadow: Shadow, words: Wording) -> ShadowCase:
    compared = Comparison.from_json(shadow.content)
    before, after = shadow.champion, shadow.challenger
    is_same = before.policy_hash == after.policy_hash
    return ShadowCase(
        shadow,
        compared if shadow.n else None,
        {t: b for t, b in after.bundles.items() if before.bundles.get(t) != b},
        "" if is_same else compared.challenger_policy(after.policy_hash),
        _chart(compared, words) if shadow.n else Markup(),
        list(_changes(compared, words)),
        [
            ("by_open", _by_open(compared, words)),
            ("by_segment", _by_segment(compared, words)),
        ],
    )


def _chart(compared: Comparison, words: Wording) -> Markup:
    rows = []
    for action in (NO_DECISION, *ACTIONS):
        counts = (
            sum(compared.actions.get(action, {}).values()),
            sum(row.get(action, 0) for row in compared.actions.values()),
        )
        if any(counts):
            first, second = (words.format("{n}", n=n) for n in counts)
            label = _action(words, action)
            rows.append(PairedCount(label, counts, (first, second)))
    say = words.say
    names = (
        say("desk.models.challenger.in_force"),
        say("desk.models.challenger.waits"),
    )
    drawn = paired_plot(rows, names, say("desk.models.shadow.chart"))
    return Markup(drawn)  # noqa: S704 - every text in it is escaped where it is drawn


def _changes(compared: Comparison, words: Wording) -> Iterator[OtherAction]:
    pairs = [
        (first, second, n)
        for first, row in compared.actions.items()
        for second, n in row.items()
        if first != second
    ]
    for first, second, n in sorted(pairs, key=lambda pair: (-pair[2], pair)):
        yield OtherAction(_action(words, first), _action(words, second), n)


def _by_open(compared: Comparison, words: Wording) -> list[tuple[str, GroupComparison]]:
    """From what is open least to most; what is not known comes last."""
    ends = [end for end, _ in BANDS]
    names = [name for _, name in BANDS]
    shown = {
        name: words.say("desk.models.shadow.below", most=end)
        if number == 0
        else words.say("desk.models.shadow.between", least=ends[number - 1], most=end)
        for number, (end, name) in enumerate(BANDS)
    }
    last = words.say("desk.models.shadow.from", least=ends[-1])
    unknown = words.say("desk.models.shadow.unknown")
    order = {name: place for place, name in enumerate(names)}
    labels = {UNKNOWN: unknown, **shown}
    found = sorted(
        compared.bands.items(),
        key=lambda one: (one[0] == UNKNOWN, order.get(one[0], len(order))),
    )
    return [(labels.get(name, last), group) for name, group in found]


def _by_segment(
    compared: Comparison, words: Wording
) -> list[tuple[str, GroupComparison]]:
    unknown = words.say("desk.models.shadow.unknown")
    found = sorted(
        compared.segments.items(), key=lambda one: (one[0] == UNKNOWN, one[0])
    )
    return [(unknown if name == UNKNOWN else name, group) for name, group in found]


def _action(words: Wording, action: str) -> str:
    return DeskText(words).action(None if action == NO_DECISION else action)
