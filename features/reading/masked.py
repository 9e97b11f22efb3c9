"""Values that stand for something nobody was told: masked ones and placeholders.

`****4242` is the card of thousands, `81.244.12.0` the address of 256 households. Two
customers who share such a value share nothing, so it links nobody. Nor does a value
that has no such form and is shared by so many that it says nothing of any two of them
(`ending in 4242`): `features.reading.links` counts them.
"""

import re
from collections.abc import Collection

# RE2, Python and Java read it alike: the compilers of features share it
PATTERN = (
    "(?i)"
    r"[*•●…]|#{2,}"  # j***@example.com, •••• 4242
    r"|x{5,}|^x{4,}|(^|[^a-z0-9])x{2,}([^a-z0-9]|$)"  # xxxx-4242, 81.244.12.xxx
    r"|[.:]x([.:]|$)"  # 81.244.x.x
    r"|^[0-9a-f:]*::$|^[0-9]{1,3}([.][0-9]{1,3}){3}/[0-9]+$"  # a network, no address
    r"|^[0-9]{1,3}[.][0-9]{1,3}[.][0-9]{1,3}[.]0{2,3}$"  # 81.244.12.000
    r"|(^|[^a-z])(masked|redacted|anonymi[sz]ed)([^a-z]|$)"  # REDACTED_IP
    r"|^(127[.]0[.]0[.]1|::1|[0.:_/-]+)$"  # 0.0.0.0, -, nobody's UUID
    r"|^[\[(<]?(unknown|undefined|null|none|nil|nan|n/?a|anonymous"
    r"|hidden|removed|deleted|private)[\])>]?$"
)
# 81.244.12.0 is a whole address in many networks: only a column of such is cut short
ADDRESS = r"^[0-9]{1,3}([.][0-9]{1,3}){3}$"
CUT_ADDRESS = r"^[0-9]{1,3}([.][0-9]{1,3}){2}[.]0$"
_COMPILED = re.compile(PATTERN)
_ADDRESS, _CUT_ADDRESS = re.compile(ADDRESS), re.compile(CUT_ADDRESS)
# most ids: nothing in them that any of the forms above needs, and four times as quick
_MAY_BE = re.compile(r"[^0-9A-WYZa-wyz_-]|[A-Za-z]{6}|^[^1-9]*$")
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


def masked_of(values: Collection[str]) -> set[str]:
    """The different values of a column that are masked, cut short or placeholders.

    >>> sorted(masked_of(["****4242", "n/a", "XXXX-XXXX-4242", "203.0.113.0/24"]))
    ['****4242', '203.0.113.0/24', 'XXXX-XXXX-4242', 'n/a']
    >>> masked_of(["pm_1Nxx9Kz", "81.244.12.7", "2001:db8::7", "4242", "10.1.1.0"])
    set()

    An address that ends in 0 is one where most addresses of the column do.

    >>> masked_of(["81.244.12.0", "81.244.13.0", "81.244.14.7"]) == {
    ...     "81.244.12.0", "81.244.13.0"
    ... }
    True
    """
    may_be = [value for value in values if _MAY_BE.search(value)]
    found = {value for value in may_be if _COMPILED.search(value)}
    whole = {value for value in may_be if _ADDRESS.search(value)}
    cut = {value for value in whole if _CUT_ADDRESS.search(value)}
    return found | cut if 2 * len(cut) > len(whole) else found


def masked_sql(table: str, column: str) -> str:
    """Whether a value is masked, as a condition of DuckDB on the rows of a table."""
    value = f'"{column}"'
    cut, whole = (
        f"count(DISTINCT {value}) FILTER (regexp_matches({value}, '{form}'))"
        for form in (CUT_ADDRESS, ADDRESS)
    )
    most_are = f'SELECT 2 * {cut} > {whole} FROM "{table}"'  # noqa: S608
    is_cut = f"regexp_matches({value}, '{CUT_ADDRESS}') AND ({most_are})"
    return f"(regexp_matches({value}, '{PATTERN}') OR {is_cut})"


def consequence(table: str) -> str:
    """What comes of masked values in that table, in words."""
    return {"customers": ONE_CUSTOMER, "links": LINKS_ALL}.get(table, LINKS_NOBODY)
