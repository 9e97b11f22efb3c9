"""References that a payer may quote, in the forms of their own standards."""

import re

_LETTERS = {chr(65 + n): str(10 + n) for n in range(26)}
_CARRY = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)  # of the Swiss check digit, modulo 10


def plain(reference: str) -> str:
    """Letters and digits alone, in capitals: how references are compared.

    >>> plain("inv-2026/0007")
    'INV20260007'
    """
    return re.sub(r"[^0-9A-Z]", "", reference.upper())


def without_check(reference: str) -> str | None:
    """What a structured reference says without its check digits; None: it is none.

    Of ISO 11649 (RF), of a Swiss QR or ISR reference (27 digits) and of a Belgian one
    (12 digits). Zeros that only fill are left out.

    >>> without_check("RF18 5390 0754 7034")
    '539007547034'
    >>> without_check("21 00000 00003 13947 14300 09017")
    '21000000000313947143000901'
    >>> without_check("+++090/9337/55493+++")
    '909337554'
    >>> without_check("RF19 5390 0754 7034") is None
    True
    """
    text = plain(reference)
    if _is_creditor_reference(text):
        said = text[4:]
    elif _is_swiss(text):
        said = text[:-1]
    elif _is_belgian(text):
        said = text[:-2]
    else:
        return None
    return said.lstrip("0") or None


def _is_creditor_reference(text: str) -> bool:
    """ISO 11649: RF, two check digits, up to 21 characters; ISO 7064 modulo 97."""
    if not re.fullmatch(r"RF\d{2}[0-9A-Z]{1,21}", text):
        return False
    moved = text[4:] + text[:4]
    return int("".join(_LETTERS.get(c, c) for c in moved)) % 97 == 1


def _is_swiss(text: str) -> bool:
    if not re.fullmatch(r"\d{27}", text):
        return False
    carry = 0
    for digit in text[:-1]:
        carry = _CARRY[(carry + int(digit)) % 10]
    return (10 - carry) % 10 == int(text[-1])


def _is_belgian(text: str) -> bool:
    if not re.fullmatch(r"\d{12}", text):
        return False
    return (int(text[:10]) % 97 or 97) == int(text[10:])
