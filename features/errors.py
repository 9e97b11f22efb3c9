"""What makes a whole portfolio unusable. A bad row is no error: it is a reject."""

from features.reading.report import ValidationReport


class PortfolioError(Exception):
    """Base of what `features` raises on purpose; the message says what to do."""

    code = "portfolio_error"  # stable; the message is not


class PortfolioNotFoundError(PortfolioError):
    code = "portfolio_not_found"


class PortfolioExistsError(PortfolioError):
    """A `portfolio.yaml` lies there already and is not overwritten."""

    code = "portfolio_exists"


class SettingsError(PortfolioError):
    """`portfolio.yaml` cannot be read or says something impossible."""

    code = "settings_invalid"


class ColumnMappingError(SettingsError):
    """`columns` of portfolio.yaml says what this portfolio cannot mean."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DatabaseError(PortfolioError):
    """The database that `source` of portfolio.yaml names cannot be used."""

    code = "database_unusable"


class ObjectStoreError(PortfolioError):
    """The bucket that `source` of portfolio.yaml names cannot be used.

    `code` is one of `bucket_not_found`, `access_denied`, `store_unreachable`,
    `store_url_invalid` and `file_gone`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LakeError(PortfolioError):
    """The lake that `source` of portfolio.yaml names cannot be used.

    `code` is `lake_unusable`, or `lake_moment_unknown` where a table has no version
    as old as the moment asked for.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class VariableNotSetError(PortfolioError):
    """`source` of portfolio.yaml names an environment variable that is not set."""

    code = "variable_not_set"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"source: the environment variable {name} is not set; set it, or correct"
            " its name in portfolio.yaml"
        )
        self.name = name


class SparkRemoteError(PortfolioError):
    """Packages that Spark needs for what `SPARK_REMOTE` names are not installed."""

    code = "spark_remote_unusable"


class MixedFormatsError(PortfolioError):
    """One table lies in the folder in more than one form."""

    code = "mixed_formats"


class MissingTableError(PortfolioError):
    code = "missing_table"


class UnreadableTableError(PortfolioError):
    code = "unreadable_table"


class NoCustomersError(PortfolioError):
    """No row of `customers` can be used; `report` says what was rejected."""

    code = "no_customers"

    def __init__(self, report: ValidationReport) -> None:
        super().__init__("no row of `customers` can be used; validate says why")
        self.report = report


class IdsDoNotMatchError(PortfolioError):
    """Payments name invoices by other ids: who paid what cannot be told."""

    code = "ids_do_not_match"


class UnknownCustomerError(PortfolioError):
    code = "unknown_customer"
