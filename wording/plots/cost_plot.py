"""Expected cost of each action over one probability, with this customer's point."""

from dataclasses import dataclass, replace
from textwrap import wrap

from decisions.actions import ACTIONS, Action
from decisions.errors import DecisionError
from decisions.money.cost import CostModel, expected_costs, terms_of
from decisions.money.states import exclusive_states
from decisions.money.thresholds import Threshold
from decisions.policy_file.load import Policy
from decisions.recommendation import Recommendation
from features.targets import Target
from wording.explanation.comparison import leading_target, probability_of
from wording.explanation.frequency import fitting_base, frequency
from wording.messages import Wording
from wording.plots import svg

_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 414.0, 88.0, 352.0
_SPANS = (0.02, 0.05, 0.10, 0.20, 0.50, 1.0)
_LABEL = 28.0  # of a break-even: so far apart two are read
_NARROW, _LEGEND = 430, 19.0  # width for a phone, and height of a line of its legend
_AXIS = 52  # letters of one of its lines there
_LETTER = 7.0  # width of one at size 13, about
_STEPS = 60  # segments of a line; costs bend where probabilities sum to 1


class NothingToPlotError(DecisionError):
    code = "nothing_to_plot"

    def __init__(self, why: str) -> None:
        super().__init__(f"there is no cost to plot: {why}")


@dataclass(frozen=True, slots=True)
class _Plot:
    answer: Recommendation
    words: Wording
    target: Target
    p: float
    thresholds: tuple[Threshold, ...]
    span: float  # probability at the right edge
    top: float  # cost at the upper edge
    lines: dict[Action, list[float]]
    is_narrow: bool = False

    @property
    def prefix(self) -> str:
        """Of ids, so that a page may hold both."""
        return "narrow-" if self.is_narrow else ""

    def x(self, p: float) -> float:
        """Where a probability lies, from the left."""
        return _LEFT + (_RIGHT - _LEFT) * p / self.span

    def y(self, cost: float) -> float:
        """Where a cost lies, from the top."""
        return _BOTTOM - (_BOTTOM - _TOP) * cost / self.top

    def at(self, i: int) -> float:
        """The probability of a line's i-th point."""
        return self.span * i / _STEPS


def cost_plot(
    recommendation: Recommendation,
    policy: Policy,
    lang: str,
    *,
    is_narrow: bool = False,
) -> str:
    """An SVG of 640 x 420: a line per action, break-evens, and the customer's point.

    The other target's probability is held fixed, as for the break-evens.

    Args:
        recommendation: whose costs are drawn.
        policy: that made it.
        lang: one of `LANGUAGES`.
        is_narrow: 430 units wide, the lines named below; for a phone.

    Raises:
        NothingToPlotError: when the policy has no costs, the answer no money, or
            costs did not decide.
    """
    terms = policy.in_force(recommendation.at) or policy.latest
    if terms.model is None:
        raise NothingToPlotError("the policy has no section costs")
    if recommendation.proposal is None:
        raise NothingToPlotError("the answer has no money at stake")
    if recommendation.proposal.expected_cost is None:
        raise NothingToPlotError("costs did not decide")
    words = Wording(lang, recommendation.question.currency, terms.zone)
    drawn = _plot(recommendation, words, terms.model)
    plot = replace(drawn, is_narrow=is_narrow)
    cheapest = min(plot.lines, key=lambda action: _here(plot, action))
    n, base = frequency(plot.p, fitting_base(plot.p))
    described = words.say(
        f"plot.cost_desc_{plot.target}", n=n, base=base, action=cheapest
    )
    body = [*_frame(plot), *_curves(plot), *_edges(plot), *_customer(plot)]
    below = round(_LEGEND * len(plot.lines)) + 26
    size = (_NARROW, svg.HEIGHT + below) if is_narrow else (svg.WIDTH, svg.HEIGHT)
    title = words.say("plot.cost_title")
    return svg.document(title, described, body, size=size, prefix=plot.prefix)


def _plot(answer: Recommendation, words: Wording, model: CostModel) -> _Plot:
    target = leading_target(answer)
    p = probability_of(answer, target)
    thresholds = answer.thresholds(model)[target]
    edges = [edge.probability for edge in thresholds if edge.probability]
    near = min(edges, key=lambda edge: abs(edge - p), default=p)
    span = next((s for s in _SPANS if s >= 1.3 * max(p, near)), 1.0)
    lines = _lines(answer, model, target, span)
    envelope = max(min(costs) for costs in zip(*lines.values(), strict=True))
    highest = max(max(costs[0], costs[-1]) for costs in lines.values())
    plot = _Plot(answer, words, target, p, thresholds, span, envelope, lines)
    here = _here(plot, answer.action or "none")
    top = max(min(highest * 1.04, max(envelope * 2.2, here * 1.7)), 0.01)
    return replace(plot, top=top)


def _lines(
    answer: Recommendation, model: CostModel, target: Target, span: float
) -> dict[Action, list[float]]:
    columns = [
        _costs(answer, model, target, span * i / _STEPS) for i in range(_STEPS + 1)
    ]
    return {a: [column[i] for column in columns] for i, a in enumerate(ACTIONS)}


def _costs(
    answer: Recommendation, model: CostModel, target: Target, p: float
) -> list[float]:
    assert answer.proposal is not None  # noqa: S101  checked by cost_plot
    stake = answer.proposal.stake
    other = answer.p_nonpayment if target == "fraud" else answer.p_fraud
    pair = (p, other or 0.0) if target == "fraud" else (other or 0.0, p)
    states = exclusive_states(*pair, answer.nonpayment_given_fraud)
    x = terms_of(*states, *stake.money)
    return [float(cost) for cost in expected_costs(model, x)]


def _here(plot: _Plot, action: Action) -> float:
    """The action's cost at the customer's probability, between two drawn points."""
    position = min(plot.p / plot.span, 1.0) * _STEPS
    i = min(int(position), _STEPS - 1)
    low, high = plot.lines[action][i], plot.lines[action][i + 1]
    return low + (position - i) * (high - low)


def _frame(plot: _Plot) -> list[str]:
    """Title, grid and what stands along both axes."""
    words = plot.words
    elements = [
        svg.text(16, 26, words.say("plot.cost_title"), font_size=17, font_weight="600"),
        svg.text(16, 46, words.say("plot.y_cost"), fill=svg.QUIET),
    ]
    for cost in svg.round_ticks(plot.top):
        y = plot.y(cost)
        elements.append(
            svg.element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, stroke=svg.GRID)
        )
        label = words.format("{cost:money}", cost=cost)
        elements.append(
            svg.text(_LEFT - 8, y + 4, label, text_anchor="end", fill=svg.QUIET)
        )
    for tick in svg.round_ticks(plot.span * 100.0):
        x = plot.x(tick / 100.0)
        elements.append(
            svg.element("line", x1=x, x2=x, y1=_BOTTOM, y2=_BOTTOM + 5, stroke=svg.INK)
        )
        label = words.format("{n}", n=round(tick, 2))
        elements.append(
            svg.text(x, _BOTTOM + 20, label, text_anchor="middle", fill=svg.QUIET)
        )
    elements.append(
        svg.element("line", x1=_LEFT, x2=_RIGHT, y1=_BOTTOM, y2=_BOTTOM, stroke=svg.INK)
    )
    axis = words.say(f"plot.x_{plot.target}")
    rows = wrap(axis, _AXIS) if plot.is_narrow else [axis]
    middle = _NARROW / 2 if plot.is_narrow else (_LEFT + _RIGHT) / 2
    elements += [
        svg.text(middle, _BOTTOM + 42 + 17 * i, row, text_anchor="middle")
        for i, row in enumerate(rows)
    ]
    return elements


def _curves(plot: _Plot) -> list[str]:
    """A line for each action; the recommended one is the boldest."""
    clip = svg.element(
        "rect", x=_LEFT, y=_TOP, width=_RIGHT - _LEFT, height=_BOTTOM - _TOP
    )
    field = f"{plot.prefix}field"
    elements = [svg.element("clipPath", clip, id=field)]
    for action, costs in plot.lines.items():
        points = " ".join(
            f"{plot.x(plot.at(i)):.1f},{plot.y(cost):.1f}"
            for i, cost in enumerate(costs)
        )
        is_recommended = action == plot.answer.action
        elements.append(
            svg.element(
                "polyline",
                points=points,
                fill="none",
                stroke=svg.COLOURS[action],
                stroke_width=4.0 if is_recommended else 2.2,
                stroke_dasharray=svg.DASHES[action] or "none",
                clip_path=f"url(#{field})",
            )
        )
    return elements + (_legend(plot) if plot.is_narrow else _labels(plot))


def _legend(plot: _Plot) -> list[str]:
    """Each line with its name, below the axis."""
    elements = []
    top = _BOTTOM + 86  # below two lines of the axis
    for number, action in enumerate(plot.lines):
        y = top + _LEGEND * number
        weight = "600" if action == plot.answer.action else "400"
        elements.append(
            svg.element(
                "line",
                x1=_LEFT,
                x2=_LEFT + 34,
                y1=y - 4,
                y2=y - 4,
                stroke=svg.COLOURS[action],
                stroke_width=4.0 if action == plot.answer.action else 2.2,
                stroke_dasharray=svg.DASHES[action] or "none",
            )
        )
        name = plot.words.say(f"actions.{action}.name")
        elements.append(svg.text(_LEFT + 44, y, name, font_weight=weight))
    return elements


def _labels(plot: _Plot) -> list[str]:
    """Each line's name beside its right end; what leaves the field is named on top."""
    ends = [max(plot.y(costs[-1]), _TOP) for costs in plot.lines.values()]
    places = svg.spread(ends, 17.0, _TOP - 2, _BOTTOM)
    elements = []
    for (action, costs), end, place in zip(
        plot.lines.items(), ends, places, strict=True
    ):
        leaves = plot.y(costs[-1]) < _TOP
        weight = "600" if action == plot.answer.action else "400"
        elements.append(
            svg.element(
                "polyline",
                points=f"{_RIGHT:.0f},{place if leaves else end:.1f} "
                f"{_RIGHT + 10:.0f},{place:.1f} {_RIGHT + 22:.0f},{place:.1f}",
                fill="none",
                stroke=svg.COLOURS[action],
                stroke_width=2.2,
            )
        )
        name = plot.words.say(f"actions.{action}.name") + " ↑" * leaves
        elements.append(svg.text(_RIGHT + 26, place + 4, name, font_weight=weight))
    return elements


def _edges(plot: _Plot) -> list[str]:
    """Break-evens: where the cheapest action changes."""
    edges = [
        edge
        for edge in plot.thresholds[1:]
        if edge.probability < plot.span and plot.y(_at(plot, edge)) > _TOP
    ]
    base = fitting_base(*(edge.probability for edge in edges))
    wanted = [plot.x(edge.probability) + 4 for edge in edges]
    places = svg.spread(wanted, _LABEL, _LEFT, _RIGHT)
    elements = []
    for edge, place in zip(edges, places, strict=True):
        x, y = plot.x(edge.probability), plot.y(_at(plot, edge))
        ring = {"fill": "#ffffff", "stroke": svg.INK, "stroke_width": 1.5}
        elements.append(svg.element("circle", cx=x, cy=y, r=3.5, **ring))
        n = frequency(edge.probability, base).n * 100.0 / base
        label = plot.words.format("{n}", n=n)
        small = {"font_size": 12, "text_anchor": "start"}
        elements.append(svg.halo(place, min(y + 17, _BOTTOM - 4), label, **small))
    return elements


def _at(plot: _Plot, edge: Threshold) -> float:
    position = edge.probability / plot.span * _STEPS
    i = min(int(position), _STEPS - 1)
    costs = plot.lines[edge.action]
    return costs[i] + (position - i) * (costs[i + 1] - costs[i])


def _customer(plot: _Plot) -> list[str]:
    """Where the customer is; said above the field, where no line passes."""
    action = plot.answer.action
    x = plot.x(min(plot.p, plot.span))
    n, base = frequency(plot.p, fitting_base(plot.p))
    label = plot.words.say("plot.this_customer", n=n, base=base)
    elements = [
        svg.element(
            "line", x1=x, x2=x, y1=_TOP - 33, y2=_BOTTOM, stroke=svg.INK,
            stroke_dasharray="2 2",
        ),
        _above(plot, x, _TOP - 23, label, "600"),
    ]  # fmt: skip
    if action is not None:
        y = plot.y(_here(plot, action))
        if y >= _TOP:
            elements.append(svg.element("circle", cx=x, cy=y, r=6.5, fill=svg.INK))
        label = plot.words.say("plot.recommended", action=action)
        elements.append(_above(plot, x, _TOP - 6, label, "400"))
    return elements


def _above(plot: _Plot, x: float, y: float, label: str, weight: str) -> str:
    """Beside the customer's line; where there is little room, as near as may be."""
    is_right = x > (_LEFT + _RIGHT) / 2
    anchor, place = ("end", x - 8) if is_right else ("start", x + 8)
    if plot.is_narrow:
        wide = _LETTER * len(label)
        place = max(place, wide + 4) if is_right else min(place, _NARROW - wide - 4)
    return svg.text(place, y, label, text_anchor=anchor, font_weight=weight)
