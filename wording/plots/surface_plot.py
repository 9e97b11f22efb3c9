"""The break-even surface of a policy: recommended action over money and probability."""

from itertools import groupby
from math import log10

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
_LOW, _HIGH = 10.0, 100_000.0  # money at stake, major units
_COLUMNS, _ROWS = 271, 278  # cells of two points by one
_ROOM_FOR_A_NAME = 0.012  # share of the field
_DARK: frozenset[Action] = frozenset({"block"})  # the rest carries ink at 4.5 to 1

OPEN_SHARE = 0.6  # of the money at stake, what is open already

Grid = npt.NDArray[np.int64]  # indices of `ACTIONS`


def surface_plot(
    policy: Policy,
    lang: str,
    *,
    target: Target = "nonpayment",
    clv: float = 900.0,
) -> str:
    """An SVG of 640 x 420: which action is recommended where, all notices delivered.

    Args:
        policy: its latest terms are drawn, guard-rails on numbers included.
        lang: one of `LANGUAGES`.
        target: whose probability is on the vertical axis; the other one is 0.
        clv: lifetime value of the customers drawn, major units.

    Raises:
        NothingToPlotError: when the policy follows a timeline, whatever the money.
    """
    terms = policy.latest
    if terms.mode == "timeline":
        raise NothingToPlotError("a timeline decides by days, not by money")
    words = Wording(lang, terms.document.currency, terms.zone)
    grid = actions_over(terms, target, clv, OPEN_SHARE)
    described = words.say("plot.surface_desc", policy=terms.reference, clv=clv)
    assumed = words.say("plot.surface_sub", clv=clv, open_share=OPEN_SHARE)
    title = words.say("plot.surface_title")
    body = [
        svg.text(16, 26, title, font_size=17, font_weight="600"),
        svg.text(16, 45, assumed, fill=svg.QUIET),
        svg.text(16, 61, words.say(f"plot.x_{target}"), fill=svg.QUIET),
        *_regions(grid),
        *_axes(words),
        *_names(grid, words),
    ]
    return svg.document(title, described, body)


def actions_over(terms: Terms, target: Target, clv: float, open_share: float) -> Grid:
    """Indices of `ACTIONS`, shape (rows, columns); row 0 is the highest probability."""
    exposure = np.geomspace(_LOW, _HIGH, _COLUMNS)
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


def _axes(words: Wording) -> list[str]:
    """Shares along one side, money by powers of ten along the other."""
    elements = []
    for share in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0):
        y = _BOTTOM - (_BOTTOM - _TOP) * share
        label = words.format("{n}", n=round(share * 100))
        elements.append(
            svg.text(_LEFT - 8, y + 4, label, text_anchor="end", fill=svg.QUIET)
        )
    for power in range(round(log10(_LOW)), round(log10(_HIGH)) + 1):
        share = log10(10.0**power / _LOW) / log10(_HIGH / _LOW)
        x = _LEFT + (_RIGHT - _LEFT) * share
        label = words.format("{m:money}", m=10**power)
        anchor = "end" if share == 1.0 else "middle"
        elements.append(
            svg.element("line", x1=x, x2=x, y1=_BOTTOM, y2=_BOTTOM + 5, stroke=svg.INK)
        )
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
