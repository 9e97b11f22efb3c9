"""Sums that a customer writes on the form, in the currency of the invoice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_precision

from features.facts import OtherCurrency
from features.money import UNITS, ten_thousandths
from serving.language import Language

_AMOUNT = re.compile(r"[0-9]{1,20}(?:[.,](?P<places>[0-9]+))?")
# as the language groups thousands, with what follows them: 1.234,50 and 1,234.50
_BLANK_GROUPS = re.compile(r"[0-9]{1,3}(?:[\u0020\u00a0\u202f][0-9]{3})+(?:,[0-9]+)?")
_GROUPED: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+"),
    "de": re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+"),
    "fr": _BLANK_GROUPS,
    "pt-BR": re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+"),
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
        """As the letter's decision knew them; earlier releases told the portfolio's."""
        others = {
            item["invoice_id"]: OtherCurrency(
                own["currency"], Decimal(str(own["rate"]))
            )
            for item in answer["exposure"]["items"]
            if (own := item.get("in_own_currency")) is not None
        }
        return cls(answer["question"]["currency"], invoices, others)

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
            MistakeError: it is no amount, or nothing says in which currency.
        """
        other = self._other(invoice_id)
        if other is None:
            n_places = get_currency_precision(self.currency)
            return f"{_amount(written, self.currency, lang):.{n_places}f}"
        try:
            money = other.counted(_amount(written, other.code, lang))
        except ValueError:  # beyond what an account holds
            raise MistakeError("amount") from None
        return f"{Decimal(money) / UNITS:f}"

    def told(self, amount: str, invoice_id: str) -> dict[str, float]:
        """What `counted` said, as it was written: by the invoice's currency."""
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
    """Major units of a currency.

    What may be a group of thousands is asked again, and never taken for a fraction.
    Where both marks stand there, or blanks, it is read as the language writes it.
    """
    if _GROUPED[lang].fullmatch(text):
        text = re.sub(r"[,\s]" if lang == "en" else r"[.\s]", "", text)
    found = _AMOUNT.fullmatch(text)
    if found is None or len(found["places"] or "") > get_currency_precision(currency):
        raise MistakeError("amount")
    amount = Decimal(text.replace(",", "."))
    if not 0 < amount < 10**12:
        raise MistakeError("amount")
    return amount
