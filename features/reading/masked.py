"""Values that stand for something nobody was told: masked ones and placeholders.

`****4242` is the card of thousands, `81.244.12.0` the address of 256 households. Two
customers who share such a value share nothing, so it links nobody.
"""

import re

# RE2, Python and Java read it alike: the compilers of features share it
PATTERN = (
    "(?i)"
    r"[*•●…]|#{3,}"  # j***@example.com, •••• 4242
    r"|x{5,}|^x{4,}|(^|[^a-z0-9])x{2,}([^a-z0-9]|$)"  # xxxx-4242, 81.244.12.xxx
    r"|[.:]x([.:]|$)"  # 81.244.x.x
    r"|^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.]0$|^[0-9a-f:]*::$"  # cut addresses
    r"|^(127[.]0[.]0[.]1|::1|[0.:_/-]+)$"  # 0.0.0.0, -, nobody's UUID
    r"|^[\[(<]?(unknown|undefined|null|none|nil|nan|n/?a|anonymi[sz]ed|anonymous"
    r"|hidden|masked|redacted|removed|deleted|private)[\])>]?$"
)
_COMPILED = re.compile(PATTERN)
# columns by which customers are told apart or linked
COLUMNS = (
    ("customers", "customer_id"),
    ("payments", "instrument_id"),
    ("access", "device_id"),
    ("access", "ip_id"),
    ("links", "shared_id"),
)
LINKS_NOBODY = "they link nobody"
ONE_CUSTOMER = "customers who share one are taken for one"
LINKS_ALL = "whoever shares one counts as linked"


def is_masked(value: str) -> bool:
    """Whether a value is masked, cut short or a placeholder.

    >>> [is_masked(v) for v in ("****4242", "81.244.12.0", "n/a", "XXXX-XXXX-4242")]
    [True, True, True, True]
    >>> [is_masked(v) for v in ("pm_1Nxx9Kz", "81.244.12.7", "2001:db8::7", "4242")]
    [False, False, False, False]
    """
    return _COMPILED.search(value) is not None


def consequence(table: str) -> str:
    """What comes of masked values in that table, in words."""
    return {"customers": ONE_CUSTOMER, "links": LINKS_ALL}.get(table, LINKS_NOBODY)
