"""What makes a whole portfolio unusable. A bad row is no error: it is a reject."""


class PortfolioError(Exception):
    """Base of what `features` raises on purpose; the message says what to do."""

    code = "portfolio_error"  # stable; the message is not


class PortfolioNotFoundError(PortfolioError):
    code = "portfolio_not_found"


class SettingsError(PortfolioError):
    """`portfolio.yaml` cannot be read or says something impossible."""

    code = "settings_invalid"


class MixedFormatsError(PortfolioError):
    """One table lies in the folder in more than one form."""

    code = "mixed_formats"


class MissingTableError(PortfolioError):
    code = "missing_table"


class UnreadableTableError(PortfolioError):
    code = "unreadable_table"


class NoCustomersError(PortfolioError):
    """No row of `customers` can be used."""

    code = "no_customers"


class UnknownCustomerError(PortfolioError):
    code = "unknown_customer"
