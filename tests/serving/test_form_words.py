"""What is wrong with the form of a request is said in words that say what to do."""

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from serving.errors import form_problem
from serving.event_routes import Dismissal, NewOutcome, NewOverride
from serving.events_request import EventsRequest
from serving.many_scores import BatchRequest, PortfolioRequest
from serving.request import ScoreRequest

FORMS = (ScoreRequest, EventsRequest, BatchRequest, PortfolioRequest)
FORMS_OF_PEOPLE = (NewOverride, NewOutcome, Dismissal)
WRONG: tuple[Any, ...] = (
    None,
    "",
    " ",
    "x" * 5000,
    -1,
    1.5,
    True,
    [],
    {},
    [1],
    {"a": 1},
    "0002-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-12-31T23:59:59Z",
    {"payments": "0002-01-01T00:00:00Z"},
)


@pytest.mark.parametrize("form", [*FORMS, *FORMS_OF_PEOPLE])
def test_every_wrong_value_of_every_field_is_answered_in_our_words(
    form: type[BaseModel],
) -> None:
    bodies = [{name: value} for name in form.model_fields for value in WRONG]
    for body in [*bodies, *WRONG, {"unknown": 1}]:
        try:
            form.model_validate(body)
        except ValidationError as error:
            for told in form_problem(error).errors:
                assert "nput should" not in told["message"], told
                assert "should " not in told["message"], told
                assert "(" not in told["pointer"], told
                assert " " in told["message"], told  # no code in its place
