"""The same policy in another currency: every amount of money times one rate."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, get_args, get_origin

from pydantic import BaseModel

from decisions.policy.costs import UncertainAmount, UncertainShare
from decisions.policy.document import PolicyDocument
from decisions.policy.section import IS_AMOUNT
from decisions.policy_file.load import Policy, parse_document

# tables of money by currency: what is stated in a currency stands
BY_CURRENCY = ("materiality", "approvals.four_eyes_over")


def _amounts(annotation: Any, metadata: Sequence[object], path: str) -> Iterator[str]:  # noqa: ANN401
    """Paths of money below a field of the schema; `*` is any key or entry of a list."""
    kind, arguments = get_origin(annotation), get_args(annotation)
    if path in BY_CURRENCY or annotation is UncertainShare:
        return
    if annotation is UncertainAmount or IS_AMOUNT in metadata:
        yield path
    elif kind is Annotated:
        yield from _amounts(arguments[0], annotation.__metadata__, path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            inner = f"{path}.{field.alias or name}".lstrip(".")
            yield from _amounts(field.annotation, field.metadata, inner)
    else:
        inner = f"{path}.*" if kind in (dict, list, tuple) else path
        for argument in arguments:
            yield from _amounts(argument, (), inner)


MONEY = tuple(dict.fromkeys(_amounts(PolicyDocument, (), "")))


def in_currency(policy: Policy, currency: str, rate: float) -> Policy:
    """`policy` counted in `currency`, amendments and cases included.

    What the file states in `currency` stands (materiality, four eyes); otherwise the
    amount in the policy's own currency is converted.

    Args:
        policy: any policy.
        currency: ISO 4217 code of the amounts wanted.
        rate: price of one unit of the policy's currency in `currency`, above 0.

    Raises:
        ValueError: if `rate` is not above 0.
    """
    if not rate > 0:
        raise ValueError(f"a rate must be above 0, got {rate}")
    values = policy.document.model_dump(mode="json", by_alias=True)
    own = values["currency"]
    parts = (values, *(change["set"] for change in values["amendments"]))
    for path in BY_CURRENCY:
        stated = _stated(values, path, currency)
        for part in parts:
            _change(part, path.split("."), _into(own, currency, rate, stated))
    for part in parts:
        for path in MONEY:
            _change(part, path.split("."), lambda money: _times(money, rate))
    values["currency"] = currency
    return Policy(parse_document(values, policy.source), policy.source)


def _stated(values: dict[str, Any], path: str, currency: str) -> float | None:
    """What the file states in `currency` from its first day on."""
    value: Any = values
    for name in path.split("."):
        value = value[name]
    return value.get(currency) if isinstance(value, dict) else None


def _into(
    own: str, currency: str, rate: float, stated: float | None
) -> Callable[[Any], Any]:
    """Converts an amount in the own currency, or a table of amounts by currency."""

    def into(money: Any) -> Any:  # noqa: ANN401 - a number, or a table
        """The amount in the new currency; as stated, where the file states it."""
        if not isinstance(money, dict):
            return _times(money, rate)
        if own not in money or currency in money:
            return money
        amount = money[own] * rate if stated is None else stated
        return {**money, currency: amount}

    return into


def _change(values: Any, path: list[str], change: Callable[[Any], Any]) -> None:  # noqa: ANN401
    """Replace what stands at `path`, where there is something."""
    if not isinstance(values, dict | list):
        return
    head, *rest = path
    places: Any = range(len(values)) if isinstance(values, list) else [head]
    if head == "*" and isinstance(values, dict):
        places = list(values)
    for place in places:
        if isinstance(values, dict) and place not in values:
            continue
        if rest:
            _change(values[place], rest, change)
        else:
            values[place] = change(values[place])


def _times(money: Any, rate: float) -> Any:  # noqa: ANN401 - a number, or a range
    if isinstance(money, dict):
        return {name: number * rate for name, number in money.items()}
    return None if money is None else money * rate
