"""What the codes of banks mean in the contract.

Sources: ISO 20022 external code sets (return and status reasons), the return codes of
the Nacha operating rules, the business transaction codes of German banks, the type
codes of BAI2. Whether a refusal is hard (never charge again) follows from the meaning:
`invalid_account` and `lost_or_stolen` are hard, the others soft.
"""

from importing.source import ValueMap

NO_FUNDS, NO_ACCOUNT = "insufficient_funds", "invalid_account"
REFUSED, OTHER = "do_not_honor", "other"

# the public lists, by what they mean for the next collection
_ISO = {
    NO_FUNDS: "AG07 AM04 AM14 AM21 SL13 SL14",
    # no account, or no right to it: without a mandate nothing may be charged again
    NO_ACCOUNT: "AC01 AC02 AC03 AC04 AC05 AC07 AC13 AC15 AC17 BE06 MD01 MD02 MD07 RC01 "
    "RC03",
    # the holder or the bank says no: refund, refusal, blocked account
    REFUSED: "AC06 AC16 AG01 AG03 AM02 AM05 AM07 AM09 BE01 BE05 CUST DUPL FF05 FOCR "
    "MD05 MD06 MD08 MD09 MS02 MS03 SL01 SL11 SL12 SP01 SP02 UPAY",
    # about the message, or with a meaning that the contract has no word for
    OTHER: "AG02 BE08 CNOR DNOR DT01 ED05 FR01 NARR RR01 RR02 RR03 RR04 TM01",
}
_NACHA = {
    NO_FUNDS: "R01 R09",
    NO_ACCOUNT: "R02 R03 R04 R05 R07 R10 R12 R13 R14 R15 R20 R28 R29 R34",
    REFUSED: "R08 R11 R16 R23 R24 R31 R35 R37 R38 R39 R51 R52 R53",
    OTHER: "R06 R17 R18 R19 R21 R22 R25 R26 R27 R30 R32 R33 R36 R50 R61 R62 R67 R68 "
    "R69 R70 R71 R72 R73 R74 R75 R76 R77 R80 R81 R82 R83 R84 R85 R90",
}


def _by_code(codes: dict[str, str]) -> dict[str, str | None]:
    return {code: word for word, listed in codes.items() for code in listed.split()}


ISO_REASONS = _by_code(_ISO)
REASONS = ISO_REASONS | _by_code(_NACHA)

RETURNED_SUBFAMILIES = frozenset({"ARET", "PRDD", "RPCR", "RRTN", "UPCQ", "UPDD"})
METHOD_OF_FAMILY = {
    "IDDT": "direct_debit",
    "RDDT": "direct_debit",
    "ICDT": "bank_transfer",
    "RCDT": "bank_transfer",
    "IRCT": "bank_transfer",
    "RRCT": "bank_transfer",
    "ICHQ": "cheque",
    "RCHQ": "cheque",
}
# codes of German banks, first part of a structured :86: and of a proprietary code
RETURNED_GERMAN = frozenset({"108", "109", "159", "181", "184"})
# the first line of a description, of a debit that takes a collection back: Rabobank's
RETURN_WORDS = frozenset({"TERUGBOEKING"})
METHOD_OF_GERMAN = {
    **dict.fromkeys(
        ("108", "109", "171", "174", "181", "184", "192", "196"), "direct_debit"
    ),
    **dict.fromkeys(("152", "153", "156", "159", "166"), "bank_transfer"),
    **dict.fromkeys(("170", "183"), "cheque"),
}

MAPS = (ValueMap(name="failure_of", view="refusal", column="reason", meanings=REASONS),)
