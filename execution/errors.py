"""What a provider, or our own service, may answer instead of doing what is asked."""


class ExecutionError(Exception):
    """Base of what goes wrong while a recommendation is carried out."""

    code = "execution_error"


class ProviderBusyError(ExecutionError):
    """It asks for a pause.

    Args:
        retry_after_s: how long, in seconds.
    """

    code = "provider_busy"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the provider asks to wait {retry_after_s:g} seconds")
        self.retry_after_s = retry_after_s


class ProviderUnreachableError(ExecutionError):
    """No answer, or one that says the provider failed: it may have acted or not."""

    code = "provider_unreachable"

    def __init__(self, cause: str) -> None:
        super().__init__(f"the provider gave no usable answer ({cause}); tried again")


class ProviderChangedError(ExecutionError):
    """What was read before was changed by somebody else meanwhile."""

    code = "provider_changed"

    def __init__(self) -> None:
        super().__init__("the subscription changed since it was read; it is read again")


class ProviderRefusedError(ExecutionError):
    """It understood, and does not do it.

    Args:
        reason: the provider's own code.
    """

    code = "provider_refused"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the provider refuses with its code {reason}")
        self.reason = reason


class NotGivenBackYetError(ExecutionError):
    """A customer is told of access that is back, and it is not back yet."""

    code = "not_given_back_yet"

    def __init__(self) -> None:
        super().__init__("what is given back is not back yet; it is told then")


class NotOfferedError(ExecutionError):
    """The provider has no such thing."""

    code = "not_offered"

    def __init__(self, provider: str, what: str) -> None:
        super().__init__(f"{provider} offers no {what}; a person does it another way")


class UnusableAmountError(ExecutionError):
    """A limit that money cannot be counted in: too large, or below the least unit."""

    code = "unusable_amount"

    def __init__(self) -> None:
        super().__init__("the limit is no amount that can be asked for; see the policy")


class ProviderAccessError(ExecutionError):
    """Our own credentials are not good."""

    code = "provider_access"

    def __init__(self, cause: str, settings: str = "the credentials") -> None:
        super().__init__(
            f"the provider does not let us in ({cause}): check {settings} in the"
            " environment, and what the application is allowed to do"
        )
        self.cause = cause


class ServiceUnusableError(ExecutionError):
    """Our own service could not be asked whether an act is still permitted."""

    code = "service_unusable"

    def __init__(self, cause: str) -> None:
        super().__init__(
            f"the score service cannot be asked ({cause}), so nothing is done; start it"
            " with `forbear serve`, and check FORBEAR_SERVICE_URL and FORBEAR_KEY"
        )


class CustomerUndecidedError(ServiceUnusableError):
    """Our own service answers, and decides nothing about this one customer.

    Args:
        cause: the code of its answer.
    """

    code = "customer_undecided"

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class UndecidedError(ExecutionError):
    """Access is to come back, and the service decides nothing now."""

    code = "no_decision"

    def __init__(self) -> None:
        super().__init__("nothing can be decided now; access is given back later")


class ReportRefusedError(ExecutionError):
    """The service does not take the row that says what was done.

    Args:
        rule: that it breaks.
    """

    code = "report_refused"

    def __init__(self, rule: str) -> None:
        super().__init__(f"the service refuses the row of `actions` ({rule})")
        self.rule = rule


class MissingSettingError(ExecutionError):
    """A setting that has no default, or cannot be used."""

    code = "missing_setting"

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"{name} is not set: {what}")
