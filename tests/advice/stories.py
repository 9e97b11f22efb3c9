"""Random customers near a stop, as rows of every table, with all that goes wrong.

Most of them are in arrears, were told, and would be stopped: only then can it be seen
whether knowing less makes an answer harsher. Moments are clock times or plain dates,
rows are late, doubled, corrected, retracted, name strangers or are undone.
"""

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

Row = dict[str, object]
Story = dict[str, list[Row]]

AS_OF = datetime(2026, 6, 15, 10, tzinfo=UTC)  # a Monday noon in Brussels
TABLES = (
    "customers",
    "subscriptions",
    "invoices",
    "payments",
    "disputes",
    "usage",
    "access",
    "alerts",
    "contacts",
    "holds",
    "actions",
    "ageing",
    "outcomes",
    "overrides",
)
POLICY = "reseller-default@1"


def story(seed: int) -> Story:
    """All rows of one customer; the same seed tells the same story."""
    return _Teller(random.Random(seed)).tell()


class _Teller:
    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.rows: Story = {table: [] for table in TABLES}
        self.is_dated = dice.random() < 0.3  # a source that exports plain dates

    def tell(self) -> Story:
        self._customer()
        self._billing()
        for chance, tell in (
            (0.3, self._corrections),
            (0.35, self._disputes),
            (0.85, self._notices),
            (0.3, self._promises),
            (0.15, self._appeal),
            (0.25, self._holds),
            (0.3, self._access),
            (0.45, self._fraud_signs),
            (0.2, self._override),
            (0.3, self._usage),
            (0.3, self._reports),
            (0.2, self._departure),
        ):
            if self.dice.random() < chance:
                tell()
        self._mishaps()
        return self.rows

    def add(self, table: str, days_ago: float, **cells: object) -> Row:
        at = AS_OF - timedelta(days=days_ago)
        if self.is_dated or self.dice.random() < 0.1:
            row: Row = {"event_at": at.date().isoformat()}
        else:
            row = {"event_at": at.isoformat()}
            if self.dice.random() < 0.1:  # told late
                late = at + timedelta(days=self.dice.choice((0.1, 2, 20)))
                row["known_at"] = late.isoformat()
        row |= {name: value for name, value in cells.items() if value is not None}
        self.rows[table].append(row)
        return row

    def pick(self, *values: object) -> object:
        return self.dice.choice(values)

    def ago(self, least: float, most: float) -> float:
        return self.dice.uniform(least, most)

    def _customer(self) -> None:
        kind = self.pick("legal_person", "legal_person", "natural_person")
        created = (AS_OF - timedelta(days=900)).isoformat()
        self.rows["customers"].append(
            {"event_at": created, "created_at": created, "subject_kind": kind}
        )
        self.n_subscriptions = self.dice.choice((0, 1, 2))
        for i in range(self.n_subscriptions):
            self.add(
                "subscriptions",
                800,
                subscription_id=f"s{i}",
                kind="started",
                billing=self.pick("license", "license", "usage"),
                quantity=self.dice.choice((1, 10)),
                unit_price=self.dice.choice((12, 80)),
            )

    def _departure(self) -> None:
        """All subscriptions end, or all but one do."""
        ended = self.n_subscriptions - self.dice.choice((0, 0, 1))
        for i in range(ended):
            self.add(
                "subscriptions", self.ago(0, 200), subscription_id=f"s{i}", kind="ended"
            )

    def subscription(self) -> object:
        if not self.n_subscriptions:
            return None
        return self.pick(None, *(f"s{i}" for i in range(self.n_subscriptions)))

    def _billing(self) -> None:
        """Months of invoices; the last ones are mostly unpaid and long due."""
        n_months = self.dice.randint(1, 8)
        self.invoices: list[tuple[str, float, float]] = []
        for month in range(n_months, 0, -1):
            due = 30 * month + self.ago(-20, 15)
            amount = self.dice.choice((120.0, 900.0, 2400.0, 4800.5))
            name = f"i{month}"
            self.invoices.append((name, due, amount))
            self.add(
                "invoices",
                due + 30,
                invoice_id=name,
                due_at=(AS_OF - timedelta(days=due)).date().isoformat(),
                amount=amount,
                subscription_id=self.subscription(),
            )
            if self.dice.random() < (0.85 if month > 2 else 0.3):
                self._pay(name, due, amount)

    def _pay(self, invoice: str, due: float, amount: float) -> None:
        when = max(0.05, due + self.ago(-25, 10))
        paid = amount * self.dice.choice((1, 1, 1, 1, 0.5, 2))
        names = self.dice.choice((invoice, invoice, invoice, None, "unknown"))
        payment, method = f"p-{invoice}", self.pick("card", "direct_debit", None)
        common = {"payment_id": payment, "amount": paid, "invoice_id": names}
        for status in self._course():
            self.add("payments", when, status=status, method=method, **common)
            when = max(0.02, when - self.ago(0.0, 6))
        if self.dice.random() < 0.12:
            for part in range(self.dice.choice((1, 2))):
                back = paid / self.dice.choice((1, 2, 4))
                self.add(
                    "payments",
                    max(0.02, when - part * self.dice.choice((0, 1))),
                    **{**common, "amount": back},
                    status="refunded",
                    refund_id=self.pick(None, f"r-{invoice}-{part}"),
                )

    def _course(self) -> tuple[str, ...]:
        return self.dice.choice(
            (
                ("succeeded",),
                ("succeeded",),
                ("succeeded",),
                ("pending", "succeeded"),
                ("pending",),
                ("pending", "failed"),
                ("failed", "succeeded"),
                ("succeeded", "returned"),
            )
        )

    def one_invoice(self) -> tuple[str, float, float]:
        return self.dice.choice(self.invoices)

    def _corrections(self) -> None:
        name, due, amount = self.one_invoice()
        self.add(
            "invoices",
            max(0.05, due + self.ago(-30, 10)),
            invoice_id=self.pick(name, "cn1"),
            kind=self.pick("credit_note", "write_off"),
            applies_to=self.pick(name, name, None, "unknown"),
            amount=amount * self.dice.choice((0.3, 1, 1.5)),
        )

    def _disputes(self) -> None:
        for i in range(self.dice.choice((1, 1, 2))):
            name, due, amount = self.one_invoice()
            opened = max(0.1, due + self.ago(-40, 0))
            cells = {
                "dispute_id": f"d{i}",
                "kind": self.pick("billing", "chargeback_fraud", "chargeback_other"),
                "invoice_id": self.pick(name, name, None, "unknown"),
                "payment_id": self.pick(None, f"p-{name}"),
                "amount": self.pick(None, amount, amount / 2),
            }
            self.add("disputes", opened, status="opened", **cells)
            end = self.dice.choice((None, None, "won", "lost", "withdrawn"))
            if end is not None:
                ended = self.dice.choice((opened, self.ago(0.02, opened)))
                self.add("disputes", ended, status=end, **cells)

    def _notices(self) -> None:
        """The shipped policy's notices, mostly delivered and in good time."""
        days = self.dice.choice((40, 60, 25))
        for i, notice in enumerate(("reminder_1", "reminder_2", "final_notice")):
            sent = days - 8 * i
            cells = {
                "notice": notice,
                "policy": self.pick(POLICY, None),
                "notice_id": self.pick(None, f"n{i}"),
            }
            self.add("contacts", sent, kind="notice_sent", **cells)
            fate = self.dice.choice(("delivered", "delivered", "delivered", "bounced"))
            self.add("contacts", sent - 0.1, kind=f"notice_{fate}", **cells)
            if self.dice.random() < 0.05:
                self.add("contacts", sent - 0.1, kind="notice_bounced", **cells)

    def _promises(self) -> None:
        for i in range(self.dice.choice((1, 1, 2))):
            made = self.ago(0.05, 12)
            name, _, amount = self.one_invoice()
            cells = {
                "promise_id": self.pick(None, f"pr{i}"),
                "invoice_id": self.pick(None, name),
                "amount": self.pick(None, amount, 10 * amount),
            }
            until = (AS_OF + timedelta(days=self.ago(-4, 9))).date().isoformat()
            self.add(
                "contacts", made, kind="promise_made", until=self.pick(until), **cells
            )
            if self.dice.random() < 0.3:
                end = self.pick("promise_kept", "promise_broken")
                self.add("contacts", self.ago(0.02, made), kind=end, **cells)

    def _appeal(self) -> None:
        opened = self.ago(0.1, 15)
        self.add("contacts", opened, kind="appeal_opened")
        if self.dice.random() < 0.5:
            closed = self.dice.choice((opened, self.ago(0.02, opened)))
            self.add("contacts", closed, kind="appeal_closed")

    def _holds(self) -> None:
        kind = self.pick("exemption", "instalment_plan", "legal", "manual")
        until = AS_OF + timedelta(days=self.ago(-30, 60))
        ends = self.pick(None, until.isoformat(), "9999-12-31")
        row = self.add(
            "holds",
            self.ago(0.05, 60),
            kind=kind,
            until=ends,
            subscription_id=self.subscription(),
        )
        if self.dice.random() < 0.2:
            ended = (AS_OF - timedelta(days=self.ago(0.01, 0.04))).isoformat()
            self.rows["holds"].append({**row, "known_at": ended, "retracted": True})

    def _access(self) -> None:
        reason = self.pick("nonpayment", "fraud", "manual")
        off = self.ago(0.2, 40)
        cells = {"reason": reason, "subscription_id": self.subscription()}
        by = self.pick("automation", "person")
        self.add("actions", off, action="suspend", by=by, **cells)
        if self.dice.random() < 0.5:
            on = self.dice.choice((off, self.ago(0.05, off)))
            self.add("actions", on, action="reactivate", by=by, **cells)

    def _fraud_signs(self) -> None:
        if self.dice.random() < 0.7:
            alert = {
                "alert_id": "a1",
                "kind": self.pick("crypto_mining", "credential_leak", "spend_anomaly"),
                "severity": "high",
                "confidence": self.pick("high", "high", "medium", "low"),
            }
            seen = self.ago(0.1, 40)
            self.add("alerts", seen, status="active", **alert)
            if self.dice.random() < 0.4:
                self.add(
                    "alerts",
                    self.dice.choice((seen, self.ago(0.02, seen))),
                    status="resolved",
                    resolved_reason=self.pick("fraud", "legitimate", "ignore"),
                    **alert,
                )
        if self.dice.random() < 0.5:
            happened = self.ago(0.1, 200)
            self.add(
                "outcomes",
                happened,
                kind=self.pick("fraud", "account_takeover"),
                strength=self.pick(None, "analyst", "weak", "warning"),
            )
        if self.dice.random() < 0.4:
            self.add("outcomes", self.ago(0.02, 60), kind="fraud_cleared")

    def _override(self) -> None:
        self.add(
            "overrides",
            self.ago(0.05, 30),
            action=self.pick("none", "remind", "review", "suspend"),
            by="ann",
            reason="known to us",
            until=(AS_OF + timedelta(days=self.ago(-5, 20))).isoformat(),
        )

    def _usage(self) -> None:
        level = self.dice.choice((5, 80))
        for day in range(1, 40):
            surge = 8 if day <= 7 and level == 80 else 1
            self.add("usage", day, cost=level * surge, subscription_id=None)
        if self.dice.random() < 0.3:
            self.add("usage", 0.5, cost=-30.0)

    def _reports(self) -> None:
        """What is owed as another system says, mostly more than is."""
        for months_ago in range(self.dice.choice((1, 3)), -1, -1):
            self.add(
                "ageing",
                30 * months_ago + self.ago(0.05, 20),
                balance=self.dice.choice((0.0, 900.0, 4800.5)),
                days_past_due=self.dice.choice((0, 20, 45, 90)),
            )

    def _mishaps(self) -> None:
        """A row doubled, corrected or taken back."""
        for table, rows in self.rows.items():
            if not rows or table == "customers" or self.dice.random() > 0.08:
                continue
            row = self.dice.choice(rows)
            twin = dict(row)
            fate = self.dice.choice(("doubled", "retracted"))
            if fate == "retracted":
                twin["known_at"] = (AS_OF - timedelta(days=0.01)).isoformat()
                twin["retracted"] = True
            rows.append(twin)


def known_moment(row: Mapping[str, object]) -> datetime:
    """When a row could be known, near enough to cut a tail."""
    text = str(row.get("known_at", row["event_at"]))
    if len(text) == 10:
        return datetime.fromisoformat(f"{text}T22:00:00+00:00")
    return datetime.fromisoformat(text)


def cut(rows: list[Row], moment: datetime) -> list[Row]:
    """The rows that could be known by a moment."""
    return [row for row in rows if known_moment(row) <= moment]
