"""Whether an object is what Stripe's own library, made from its OpenAPI document, says.

The library's classes carry the types of every field. Only the parts that the importer
reads are looked at, so that the samples may leave out the rest.
"""

import builtins
import types
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

import stripe

Hints = dict[str, Any]


class _Names(dict[str, Any]):
    """Classes of the library by name; a name it keeps elsewhere says nothing."""

    def __missing__(self, name: str) -> Any:  # noqa: ANN401
        if hasattr(stripe, name):
            return getattr(stripe, name)
        if hasattr(builtins, name):
            raise KeyError(name)
        return Any


def faults(value: Mapping[str, Any], class_: type) -> Iterator[str]:
    """Fields of another type than the class says, as `name: value`."""
    known = hints(class_)
    for name, inner in value.items():
        if name in known and not _fits(inner, known[name]):
            yield f"{class_.__name__}.{name}: {inner!r}"


def hints(class_: type) -> Hints:
    """The type of each field of a class of the library."""
    return get_type_hints(class_, localns=_Names(vars(class_)))


def _fits(value: Any, type_: Any) -> bool:  # noqa: ANN401
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ is Any or origin is ClassVar:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, argument) for argument in arguments)
    if origin is Literal:
        return value in arguments
    if origin in (list, tuple):
        return isinstance(value, list) and all(_fits(v, arguments[0]) for v in value)
    if type_ is type(None):
        return value is None
    if type_ is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(type_, type) and issubclass(type_, stripe.StripeObject):
        return isinstance(value, Mapping) and not list(faults(value, type_))
    return (
        isinstance(value, Mapping)
        if origin or type_ is dict
        else isinstance(value, type_)
    )
