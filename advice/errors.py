"""What advice refuses on purpose; HTTP and exit codes are not its business."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from features.settings import PortfolioSettings


class AdviceError(Exception):
    """Base of the refusals of this room. `code` is stable, the message is not."""

    code = "advice_error"


class NoBundleError(AdviceError):
    code = "no_champion"

    def __init__(self) -> None:
        super().__init__(
            "no model of any target and no settings to go without: train one"
            " (`forbear train PORTFOLIO`)"
        )


class ChampionGoneError(AdviceError):
    """A model was in force here; the starter must not take its place in silence."""

    code = "champion_gone"

    def __init__(self, target: str, home: object) -> None:
        super().__init__(
            f"the champion of {target} that was in force under {home} is gone: bring"
            f" bundles/ back from a backup, or run `forbear promote {target}` or"
            f" `forbear pull {target}`; to begin again without it delete promoted/"
            " and bundles/ there"
        )


class WrongTargetError(AdviceError):
    """A probability of one target must never be answered as that of another."""

    code = "wrong_target"

    def __init__(self, bundle_id: str, target: str, expected: str) -> None:
        super().__init__(
            f"the bundle {bundle_id} on the shelf of {expected} is a model of {target}:"
            f" run `forbear promote {expected}`"
        )


class SettingsDifferError(AdviceError):
    """Numbers of one portfolio must not be read with the settings of another."""

    code = "settings_differ"

    def __init__(self, one: str, other: str, names: Iterable[str]) -> None:
        super().__init__(
            f"{one} and {other} disagree on {', '.join(sorted(names))} of"
            " portfolio.yaml: train again on the portfolio that is to be scored, or"
            " keep each portfolio in a FORBEAR_HOME of its own"
        )


class CurrencyMismatchError(AdviceError):
    code = "policy_currency"

    def __init__(
        self, policy: str, file: str, currency: str, settings: "PortfolioSettings"
    ) -> None:
        where, counts_in = f" ({file})" if file else "", settings.currency
        text = (
            f"the portfolio {settings.name} in {counts_in}: state a rate for"
            f" {currency} in its portfolio.yaml, or give a policy in {counts_in}"
        )
        if "currency" not in settings.model_fields_set:
            text = (
                f"and {counts_in} is assumed, for nobody states a currency: write"
                f" `currency: {currency}` into portfolio.yaml; a service reads that of"
                " FORBEAR_SETTINGS"
            )
        super().__init__(f"the policy {policy}{where} counts in {currency}, {text}")


class TooManyRowsError(AdviceError):
    code = "too_many_rows"

    def __init__(self, n_rows: int, most: int) -> None:
        super().__init__(
            f"{n_rows:,} rows are more than a sheet holds ({most:,}): write .csv or"
            " .parquet instead"
        )
