"""Overdue configurations as Kill Bill reads them, written for the tests."""

BLOCKED = (
    "<blockChanges>true</blockChanges>"
    "<disableEntitlementAndChangesBlocked>true</disableEntitlementAndChangesBlocked>"
)
CANCEL = "<subscriptionCancellationPolicy>END_OF_TERM</subscriptionCancellationPolicy>"
AGE = "timeSinceEarliestUnpaidInvoiceEqualsOrExceeds"
COUNT = "numberOfUnpaidInvoicesEqualsOrExceeds"
BALANCE = "totalUnpaidInvoiceBalanceEqualsOrExceeds"
RESPONSES = "responseForLastFailedPaymentIn"
INCLUSION, EXCLUSION = "controlTagInclusion", "controlTagExclusion"


def leaf(name: str, text: object) -> str:
    return f"<{name}>{text}</{name}>"


def state(
    name: str,
    days: int | None,
    rest: str = "",
    more: str = "",
    unit: str = "DAYS",
) -> str:
    """A state by age (None: without), with more conditions and what it does."""
    age = leaf("unit", unit) + leaf("number", days)
    given = "" if days is None else leaf(AGE, age)
    return (
        f'<state name="{name}"><condition>{given}{more}</condition>'
        f"<externalMessage>Reached {name}</externalMessage>{rest}</state>"
    )


def overdue(*states: str) -> bytes:
    """A file; Kill Bill's own begin with the harshest state."""
    text = (
        "<overdueConfig><accountOverdueStates>"
        "<initialReevaluationInterval><unit>DAYS</unit><number>10</number>"
        f"</initialReevaluationInterval>{''.join(states)}"
        "</accountOverdueStates></overdueConfig>"
    )
    return text.encode()
