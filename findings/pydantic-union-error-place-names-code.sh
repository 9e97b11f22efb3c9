#!/bin/sh
# pydantic 2.14.3: the place of an error within a union names functions of the program.
#
# `loc` of an error is the path to what is wrong in the input: a good engineer joins it
# to the JSON pointer that an API answers with. Within a union of types one part more
# stands there, for the branch that was tried: "datetime" or "dict[str,int]". Where a
# branch is validated by functions of one's own, that part is made of their names, such
# as "function-after[_in_range(), datetime]": a path which is in no input, that changes
# when code is renamed, and one error more for each branch that nobody meant. A union
# with None adds nothing, so it is not seen until a second type joins.
# Choose the branch by a callable Discriminator, and leave its tags out of the path.
#
# Seen with Python 3.11 on 2026-11-30:
#   moment | None: [('until',)] | moment | dict | None: [('until', 'function-after[_in_range(), datetime]'), ('until', 'dict[str,int]')]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.14.3
"$folder/venv/bin/python" - <<'PYTHON'
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ValidationError


def _in_range(moment: datetime) -> datetime:
    return moment


Moment = Annotated[datetime, AfterValidator(_in_range)]


class One(BaseModel):
    until: Moment | None


class Two(BaseModel):
    until: Moment | dict[str, int] | None


def places(model: type[BaseModel]) -> list[tuple[int | str, ...]]:
    try:
        model.model_validate({"until": "soon"})
    except ValidationError as error:
        return [one["loc"] for one in error.errors()]
    return []


one, two = places(One), places(Two)
print(f"moment | None: {one} | moment | dict | None: {two}")
assert one == [("until",)], "changed"
branches = ["function-after[_in_range(), datetime]", "dict[str,int]"]
assert two == [("until", branch) for branch in branches], "changed"
PYTHON
