"""Rows of `usage`, `access` and `alerts`: footprints of good and bad use."""

import numpy as np

from simulation.behaviour import NEW_OFFICE, WEEKDAY_USAGE
from simulation.days import MINUTE_US
from simulation.month import Month
from simulation.people import ALL_COUNTRIES
from simulation.rows.accounts import USAGE, joined_at
from simulation.rows.sharing import homes
from simulation.scene import Scene, named, pick
from simulation.streams import Flags, Ints, spread
from simulation.tables import Column, words

ALERTS = (
    "spend_anomaly",
    "vm_anomaly",
    "crypto_mining",
    "outbound_spam",
    "security_advisory",
)
ALERT_SHARES_BAD = np.array([0.42, 0.22, 0.2, 0.12, 0.04])
ALERT_SHARES_GOOD = np.array([0.72, 0.13, 0.01, 0.04, 0.1])
LEVELS = ("low", "medium", "high")
REASONS = ("fraud", "legitimate", "ignore")
MOST_SIGN_INS = 6
DAYS_IN_MONTH = 31
ACCESS_SLOT_MINUTES = 8  # the n-th sign-in of a month never shares its minute


def signal_rows(scene: Scene, month: Month) -> None:
    _usage(scene, month)
    _sign_ups(scene, month)
    _sign_ins(scene, month)
    _admin(scene, month)
    _alerts(scene, month)


def _usage(scene: Scene, month: Month) -> None:
    span, moved = month.span, month.moved
    noise = scene.draws.normals("usage_noise", DAYS_IN_MONTH)[:, : span.length]
    rows = np.flatnonzero(moved.usage_cost > 0)
    day = np.arange(span.start, span.end)
    weight = WEEKDAY_USAGE[scene.days.weekdays(day)] * np.exp(0.25 * noise[rows])
    used = (day >= moved.usage_from[rows, None]) & (day < moved.usage_until[rows, None])
    weight = weight * used
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    cost = (share * moved.usage_cost[rows, None]).astype(np.int64)
    if scene.usage_every == "week":
        edges = np.arange(0, 28, 7)
        cost = np.add.reduceat(cost, edges, axis=1)
        used = np.logical_or.reduceat(used, edges, axis=1)
        day = np.append(day[edges[1:] - 1], day[-1])
    at, column = np.nonzero(used)
    _write_usage(scene, rows[at], day[column], cost[at, column])


def _write_usage(scene: Scene, customer: Ints, day: Ints, cost: Ints) -> None:
    event_at = scene.days.end(day)
    lag = scene.draws.whole("usage_lag", 120, 540)[customer]
    columns: dict[str, Column] = {
        "subscription_id": named("s", customer, USAGE),
        "cost": cost,
        "quantity": np.round(cost / 1_250, 1),
    }
    known_at = event_at + 1 + lag * MINUTE_US
    scene.writer.add("usage", customer, event_at, columns, known_at)
    # the provider corrects one row in three hundred some days later
    wrong = np.flatnonzero((customer * 31 + day * 17) % 307 == 0)
    if len(wrong):
        corrected = {name: pick(column, wrong) for name, column in columns.items()}
        corrected["cost"] = cost[wrong] * 105 // 100
        days_later = 2 + (customer[wrong] + day[wrong]) % 5
        known_at = known_at[wrong] + days_later * 1_440 * MINUTE_US
        scene.writer.add("usage", customer[wrong], event_at[wrong], corrected, known_at)


def _places(scene: Scene, odd: Flags, slot: int) -> dict[str, Column]:
    """From where somebody signs in, with which device."""
    people, draws = scene.people, scene.draws
    home, is_careless = homes(scene), people.is_fraudster & ~people.is_careful
    stranger = 5_000_000 + draws.whole(f"ip_{slot}", 0, 999_999)
    roams = draws.happens(f"roams_{slot}", 0.15)
    away = odd & draws.happens(f"away_{slot}", 0.6)
    where = draws.whole(f"where_{slot}", 0, len(ALL_COUNTRIES) - 1)
    travels = draws.happens(f"travels_{slot}", 0.03)
    seen_home = np.where(is_careless, people.ip_country, people.country)
    country = np.where(away | travels, where, seen_home)
    return {
        "ip_id": named("ip", np.where(roams | away | travels, stranger, home.ip)),
        "device_id": named("dev", np.where(away, stranger, home.device)),
        "country": words(ALL_COUNTRIES, country),
    }


def _sign_ups(scene: Scene, month: Month) -> None:
    nobody = np.zeros(len(scene.people), dtype=bool)
    columns = _places(scene, nobody, MOST_SIGN_INS)
    columns["country"] = words(ALL_COUNTRIES, scene.people.ip_country)
    at = joined_at(scene) + 2 * MINUTE_US
    scene.add("access", month.lived.arrived, at, columns | {"kind": "sign_up"})


def _odd(scene: Scene) -> Flags:
    state = scene.state
    office = (state.burst_months > 0) & (state.burst_kind == NEW_OFFICE)
    careless = state.is_abusing & ~scene.people.is_careful
    return np.asarray(state.is_hijacked | office | careless)


def _sign_ins(scene: Scene, month: Month) -> None:
    people, draws, span = scene.people, scene.draws, month.span
    uses = month.moved.usage_until > month.moved.usage_from
    busy = 1.0 + 0.5 * (scene.state.burst_months > 0) + 0.8 * scene.state.is_hijacked
    count = draws.uniform("sign_ins") * 2.0 * people.activity * busy
    odd = _odd(scene)
    first = np.maximum(month.moved.usage_from, people.joined_day + 1)
    length = np.maximum(1, month.moved.usage_until - first)
    for slot in range(MOST_SIGN_INS):
        who = uses & (count >= slot + 0.5)
        day = np.minimum(
            first + (draws.uniform(f"in_{slot}") * length).astype(np.int64),
            span.end - 1,
        )
        minute = spread(draws.uniform(f"in_at_{slot}"), 60, 170)
        minute = np.where(
            odd & draws.happens(f"night_{slot}", 0.5), minute % 60, minute
        )
        at = (
            scene.days.midnight(day) + (minute * ACCESS_SLOT_MINUTES + slot) * MINUTE_US
        )
        columns = _places(scene, odd, slot) | {"kind": "sign_in"}
        scene.add("access", who & (day > people.joined_day), at, columns)


def _admin(scene: Scene, month: Month) -> None:
    """Rare events in the account, less rare in bad hands."""
    state, draws, span = scene.state, scene.draws, month.span
    bad = state.is_hijacked | state.is_abusing
    burst = state.burst_months > 0
    chances = {
        "password_reset": 0.01 + 0.35 * state.is_hijacked,
        "admin_added": 0.01 + 0.3 * state.is_hijacked + 0.1 * burst,
        "role_changed": 0.006 + 0.2 * state.is_hijacked,
        "quota_requested": 0.008 + 0.25 * bad + 0.25 * burst,
    }
    uses = month.moved.usage_until > month.moved.usage_from
    columns = _places(scene, _odd(scene), MOST_SIGN_INS + 1)
    for kind, chance in chances.items():
        day = draws.whole(f"{kind}_day", span.start, span.end - 1)
        who = uses & (day > scene.people.joined_day) & draws.happens(kind, chance)
        at = scene.office(f"{kind}_at", day)
        scene.add("access", who, at, columns | {"kind": kind})


def _alerts(scene: Scene, month: Month) -> None:
    suspected, state, draws = month.suspected, scene.state, scene.draws
    bad = (state.is_hijacked | state.is_abusing)[:, None]
    kind = draws.choice(
        "alert_kind", np.where(bad, ALERT_SHARES_BAD, ALERT_SHARES_GOOD)
    )
    level = draws.choice(
        "alert_level",
        np.where(bad, np.array([0.2, 0.4, 0.4]), np.array([0.45, 0.4, 0.15])),
    )
    columns: dict[str, Column] = {
        "alert_id": named("alr", np.arange(len(scene.people)), month.span.month),
        "kind": words(ALERTS, kind),
        "severity": words(LEVELS, level),
        "confidence": words(
            LEVELS,
            draws.choice(
                "alert_sure",
                np.where(bad, np.array([0.2, 0.4, 0.4]), np.array([0.4, 0.4, 0.2])),
            ),
        ),
    }
    raised = suspected.alerted
    at = scene.office("alert_at", suspected.alert_day)
    scene.add("alerts", raised, at, columns | {"status": "active"})
    looked = raised & suspected.reviewed
    scene.add(
        "alerts", looked, at + 45 * MINUTE_US, columns | {"status": "investigating"}
    )
    ignored = draws.happens("alert_ignored", 0.25)
    reason = np.where(
        suspected.found | suspected.accused, 0, np.where(looked & ~ignored, 1, 2)
    )
    closed = looked | (raised & draws.happens("alert_closed", 0.6))
    end = suspected.found_day + np.where(
        suspected.found | suspected.accused, 0, draws.whole("alert_days", 1, 12)
    )
    columns |= {"status": "resolved", "resolved_reason": words(REASONS, reason)}
    resolved_at = np.maximum(scene.office("alert_end", end), at + 50 * MINUTE_US)
    scene.add("alerts", closed, resolved_at, columns)
    _card_warnings(scene, month)


def _card_warnings(scene: Scene, month: Month) -> None:
    """A card network sometimes warns before the cardholder complains."""
    people, paid, draws = scene.people, month.paid, scene.draws
    slot = month.span.month % scene.state.charged_day.shape[1]
    doomed = scene.state.charged_day[:, slot] < 1 << 39
    warned = paid.paid & draws.happens("warned", np.where(doomed, 0.15, 0.0005))
    columns: dict[str, Column] = {
        "alert_id": named("alw", np.arange(len(people)), month.span.month),
        "kind": "payment_warning",
        "severity": "medium",
        "confidence": "medium",
        "status": "active",
    }
    at = scene.office("warned_at", paid.day + draws.whole("warned_after", 5, 20))
    scene.add("alerts", warned, at, columns)
