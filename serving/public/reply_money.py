"""Sums that a customer writes on the form, in the currency of the invoice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_symbol

from features.facts import OtherCurrency
from features.money import UNITS, currency_places, ten_thousandths
from serving.language import Language
from wording.messages import LOCALES

_IN_A_GROUP = 3  # digits, between two marks of thousands
_AMOUNT = re.compile(r"[0-9]{1,20}(?:[.,](?P<places>[0-9]+))?")
# marks of thousands, then the mark before a fraction: 1.234,50 and 1,234.50
_MARKS: dict[Language, tuple[str, str]] = {
    "en": (",", r"\."),
    "de": (".", ","),
    "fr": (".\u0020\u00a0\u202f", ","),
    "pt-BR": (".", ","),
}
_GROUPED = {
    lang: re.compile(
        rf"[1-9][0-9]{{0,2}}(?:[{thousands}][0-9]{{3}})+(?P<fraction>{point}[0-9]+)?"
    )
    for lang, (thousands, point) in _MARKS.items()
}


class MistakeError(Exception):
    """What a person has to write otherwise. `part`: of the messages `form.mistake`."""

    def __init__(self, part: str, n: int = 0) -> None:
        super().__init__(part)
        self.part, self.n = part, n


@dataclass(frozen=True, slots=True)
class LetterMoney:
    """The currencies of a letter's invoices.

    Args:
        currency: the portfolio's, in which rows and replies have their sums.
        invoices: that the letter names.
        others: by invoice that is in another currency.
    """

    currency: str
    invoices: tuple[str, ...]
    others: Mapping[str, OtherCurrency]

    @classmethod
    def of(cls, answer: Mapping[str, Any], invoices: tuple[str, ...]) -> "LetterMoney":
        """As the letter's decision knew them; earlier releases told the portfolio's.

        An answer lists only so many invoices, and a letter no others: of the rest
        nothing says the currency.
        """
        items = answer["exposure"]["items"]
        others = {
            item["invoice_id"]: OtherCurrency(
                own["currency"], Decimal(str(own["rate"]))
            )
            for item in items
            if (own := item.get("in_own_currency")) is not None
        }
        listed = {item["invoice_id"] for item in items}
        told = tuple(name for name in invoices if name in listed)
        return cls(answer["question"]["currency"], told, others)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Of the invoices, each once; the portfolio's where the letter names none."""
        others = [self.others.get(one) for one in self.invoices or ("",)]
        codes = (self.currency if one is None else one.code for one in others)
        return tuple(dict.fromkeys(codes))

    def counted(self, written: str, invoice_id: str, lang: Language) -> str:
        """What was written, in major units of the portfolio's currency with a point.

        Args:
            written: by the customer.
            invoice_id: that it is of; empty: of all.
            lang: in which numbers are written.

        Raises:
            MistakeError: it is no amount, it counts for nothing in the portfolio's
                currency, or nothing says in which currency it is.
        """
        other = self._other(invoice_id)
        if other is None:
            n_places = currency_places(self.currency)
            return f"{_amount(written, self.currency, lang):.{n_places}f}"
        amount = _amount(written, other.code, lang)
        try:
            money = other.counted(amount)
        except ValueError:  # beyond what an account holds
            money = 0
        if not money:
            raise _no_amount(other.code)
        return f"{Decimal(money) / UNITS:f}"

    def promised(self, amount: str, invoice_id: str, open_: float) -> str:
        """What `counted` said, and never more than is open.

        A letter rounds what it asks for, so one smallest unit more is no mistake.

        Args:
            amount: major units of the portfolio's currency.
            invoice_id: that it is of; empty: of all.
            open_: in major units of the portfolio's currency.

        Raises:
            MistakeError: it is more than is open.
        """
        owed, other = Decimal(str(open_)), self._other(invoice_id)
        unit = _smallest(self.currency)
        if other is not None:
            unit = max(unit, _smallest(other.code) * other.rate)
        if owed <= 0 or Decimal(amount) > owed + unit:
            raise MistakeError("more")
        return f"{min(Decimal(amount), owed):f}"

    def told(self, amount: str, invoice_id: str) -> dict[str, float]:
        """What `counted` said, in the invoice's currency."""
        other = self._other(invoice_id)
        if other is None:
            return {self.currency: float(amount)}
        return {other.code: float(other.stated(ten_thousandths(amount)))}

    def _other(self, invoice_id: str) -> OtherCurrency | None:
        """In which a sum of the invoice is written; None: in the portfolio's."""
        if not invoice_id and len(self.currencies) > 1:
            raise MistakeError("which")
        named = invoice_id or next(iter(self.invoices), "")
        return self.others.get(named)


def _amount(text: str, currency: str, lang: Language) -> Decimal:
    """Major units of a currency, as a letter writes them or plainly.

    What may be a group of thousands is asked again, and never taken for a fraction.
    Where both marks stand there, or blanks, or the currency has no fractions, it is
    read as the language writes it; so it is beside the currency's sign, unless three
    digits may be a fraction of that currency.
    """
    n_places = currency_places(currency)
    bare = _without_sign(text, currency, lang)
    grouped = _GROUPED[lang].fullmatch(bare)
    if grouped is not None:
        has_one_mark = not grouped["fraction"] and re.search(r"[.,]", bare)
        has_sign = bare != text.strip()
        if n_places and has_one_mark and not (has_sign and n_places < _IN_A_GROUP):
            raise _no_amount(currency)
        bare = re.sub(f"[{_MARKS[lang][0]}]", "", bare)
    found = _AMOUNT.fullmatch(bare)
    if found is None or len(found["places"] or "") > n_places:
        raise _no_amount(currency)
    amount = Decimal(bare.replace(",", "."))
    if not 0 < amount < 10**12:
        raise _no_amount(currency)
    return amount


def _without_sign(text: str, currency: str, lang: Language) -> str:
    """Without the currency's own sign before or after it: JP¥, ¥ or JPY."""
    sign = get_currency_symbol(currency, locale=LOCALES[lang])
    for one in (currency, sign, re.sub("[A-Z]", "", sign)):
        text = text.strip().removeprefix(one).removesuffix(one)
    return text.strip()


def _smallest(currency: str) -> Decimal:
    """The smallest amount that is written in it, in major units."""
    return Decimal(1).scaleb(-currency_places(currency))


def _no_amount(currency: str) -> MistakeError:
    """With an example that fits the currency."""
    return MistakeError("amount" if currency_places(currency) else "whole")
