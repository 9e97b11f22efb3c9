"""The break-even surface of a policy: recommended action over money and probability."""

from itertools import groupby
from math import ceil, log10

import numpy as np
import numpy.typing as npt

from decisions.actions import ACTIONS, NONE, Action
from decisions.money.cost import expected_costs
from decisions.money.inputs import Inputs
from decisions.money.typed import typed_action
from decisions.policy_file.load import Policy
from decisions.rules.guardrails import forbidden
from decisions.terms import Terms
from features.targets import Target
from wording.messages import Wording
from wording.plots import svg
from wording.plots.cost_plot import NothingToPlotError

_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 616.0, 74.0, 352.0
_DECADES = 4  # of money at stake, from the least that matters
_CLV = 90  # times that least: the lifetime value where none is given
_COLUMNS, _ROWS = 271, 278  # cells of two points by one
_ROOM_FOR_A_NAME = 0.012  # share of the field
_ROOM_FOR_A_SUM = 11  # letters of each mark of the axis, where all have room
_DARK: frozenset[Action] = frozenset({"block"})  # the rest carries ink at 4.5 to 1

OPEN_SHARE = 0.6  # of the money at stake, what is open already

Grid = npt.NDArray[np.int64]  # indices of `ACTIONS`


def surface_plot(
    policy: Policy,
    lang: str,
    *,
    target: Target = "nonpayment",
    clv: float | None = None,
) -> str:
    """An SVG of 640 x 420: which action is recommended where, all notices delivered.

    Args:
        policy: its latest terms are drawn, guard-rails on numbers included.
        lang: one of `LANGUAGES`.
        target: whose probability is on the vertical axis; the other one is 0.
        clv: lifetime value of the customers drawn, major units; default: 90 times
            what the axis of money begins with.

    Raises:
        NothingToPlotError: when the policy follows a timeline, whatever the money.
    """
    terms = policy.latest
    if terms.mode == "timeline":
        raise NothingToPlotError("a timeline decides by days, not by money")
    words = Wording(lang, terms.document.currency, terms.zone)
    clv = _CLV * 10.0 ** _first_power(terms) if clv is None else clv
    grid = actions_over(terms, target, clv, OPEN_SHARE)
    described = words.say("plot.surface_desc", policy=terms.reference, clv=clv)
    assumed = words.say("plot.surface_sub", clv=clv, open_share=OPEN_SHARE)
    title = words.say("plot.surface_title")
    body = [
        svg.text(16, 26, title, font_size=17, font_weight="600"),
        svg.text(16, 45, assumed, fill=svg.QUIET),
        svg.text(16, 61, words.say(f"plot.x_{target}"), fill=svg.QUIET),
        *_regions(grid),
        *_axes(words, _first_power(terms)),
        *_names(grid, words),
    ]
    return svg.document(title, described, body)


def actions_over(terms: Terms, target: Target, clv: float, open_share: float) -> Grid:
    """Indices of `ACTIONS`, shape (rows, columns); row 0 is the highest probability."""
    first = _first_power(terms)
    exposure = np.logspace(first, first + _DECADES, _COLUMNS)
    p = np.linspace(1.0, 0.0, _ROWS)
    money, chance = (a.ravel() for a in np.meshgrid(exposure, p))
    v = _view(money, chance, target, clv, open_share)
    if terms.mode == "thresholds" or terms.model is None:
        chances = v.p_nonpayment, v.p_fraud_marginal
        typed: Grid = typed_action(terms.typed, v.exposure, v.clv, *chances)
        return typed.reshape(_ROWS, _COLUMNS)
    banned = forbidden(v, terms)
    costs = np.stack(
        [
            np.where(banned >> a & 1, np.inf, cost)
            for a, cost in enumerate(expected_costs(terms.model, v.x))
        ]
    )
    gain = costs[NONE] - costs.min(axis=0)
    actions = np.where(gain < terms.min_net_gain, NONE, costs.argmin(axis=0))
    return actions.reshape(_ROWS, _COLUMNS)


def _first_power(terms: Terms) -> int:
    """The power of ten at which money begins to matter: 10 euros, 1,000 yen.

    It is told by the materiality, and moved up where the last tier would not be seen.
    """
    matters = round(log10(terms.materiality / 2.5)) if terms.materiality > 0 else 1
    tiers = [tier.exposure_from for tier in terms.document.thresholds]
    seen = ceil(log10(max(tiers) * 2)) - _DECADES if any(tiers) else matters
    return max(matters, seen)


def _view(
    money: npt.NDArray[np.float64],
    p: npt.NDArray[np.float64],
    target: Target,
    clv: float,
    open_share: float,
) -> Inputs:
    """Customers for whom the facts withhold nothing."""
    no = np.zeros(len(p))
    nothing = np.zeros(len(p), dtype=np.int64)
    fraud, nonpayment = (p, no) if target == "fraud" else (no, p)
    numbers = {
        "p_fraud": fraud,
        "p_only": nonpayment,
        "p_good": 1.0 - p,
        "p_fraud_marginal": fraud,
        "p_nonpayment": nonpayment,
        "open_cost": open_share * money,
        "run_up": (1.0 - open_share) * money,
        "stoppable": (1.0 - open_share) * money,
        "clv": np.full(len(p), clv),
    }
    rest = {name: nothing for name in Inputs._fields if name not in numbers}
    return Inputs(**numbers, **rest)


def _regions(grid: Grid) -> list[str]:
    """One path per action, made of the runs of each column."""
    width, height = (_RIGHT - _LEFT) / _COLUMNS, (_BOTTOM - _TOP) / _ROWS
    paths: dict[int, list[str]] = {}
    for column in range(_COLUMNS):
        x, row = _LEFT + column * width, 0
        for action, run in groupby(grid[:, column].tolist()):
            n = len(list(run))
            y, h = _TOP + row * height, n * height
            paths.setdefault(action, []).append(
                f"M{x:.1f} {y:.1f}h{width + 0.3:.1f}v{h:.1f}h-{width + 0.3:.1f}z"
            )
            row += n
    return [
        svg.element("path", d="".join(d), fill=svg.COLOURS[ACTIONS[action]])
        for action, d in sorted(paths.items())
    ]


def _axes(words: Wording, first: int) -> list[str]:
    """Shares along one side, money by powers of ten along the other."""
    elements = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _BOTTOM - (_BOTTOM - _TOP) * share
        label = words.format("{n}", n=round(share * 100))
        elements.append(
            svg.text(_LEFT - 8, y + 4, label, text_anchor="end", fill=svg.QUIET)
        )
    last = first + _DECADES
    longest = words.format("{m:money}", m=10.0**last)
    step = 1 if len(longest) <= _ROOM_FOR_A_SUM else 2
    for power in range(first, last + 1):
        x = _LEFT + (_RIGHT - _LEFT) * (power - first) / _DECADES
        elements.append(
            svg.element("line", x1=x, x2=x, y1=_BOTTOM, y2=_BOTTOM + 5, stroke=svg.INK)
        )
        if (last - power) % step:
            continue
        label = words.format("{m:money}", m=10.0**power)
        anchor = "end" if power == last else "middle"
        elements.append(
            svg.text(x, _BOTTOM + 20, label, text_anchor=anchor, fill=svg.QUIET)
        )
    axis = words.say("plot.x_exposure")
    elements.append(
        svg.text((_LEFT + _RIGHT) / 2, _BOTTOM + 42, axis, text_anchor="middle")
    )
    return elements


def _names(grid: Grid, words: Wording) -> list[str]:
    """Each region's name in its middle: the tallest place of its median column."""
    elements = []
    width, height = (_RIGHT - _LEFT) / _COLUMNS, (_BOTTOM - _TOP) / _ROWS
    for action in sorted(set(grid.ravel().tolist())):
        here = grid == action
        if here.mean() < _ROOM_FOR_A_NAME:
            continue
        row, column = _centre(here)
        name = words.sentence(f"actions.{ACTIONS[action]}.name")
        fill = "#ffffff" if ACTIONS[action] in _DARK else svg.INK
        elements.append(
            svg.text(
                _LEFT + column * width,
                _TOP + row * height + 5,
                name,
                text_anchor="middle",
                font_weight="600",
                fill=fill,
            )
        )
    return elements


def _centre(here: npt.NDArray[np.bool_]) -> tuple[int, int]:
    """The cell of the region that is farthest from its edge, across and along."""
    best, at = -1.0, (0, 0)
    for row in range(4, _ROWS - 4, 6):
        start = 0
        for is_in, run in groupby(here[row].tolist()):
            n = len(list(run))
            middle = start + n // 2
            if is_in:
                column = here[:, middle]
                up = int(np.argmin(column[row::-1])) or row
                down = int(np.argmin(column[row:])) or _ROWS - row
                room = min(n, 120) / 120 + min(up, down, 30) / 30
                if room > best:
                    best, at = room, (row, middle)
            start += n
    return at
