"""What every section of a policy file is made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Days = Annotated[int, Field(ge=0, le=3650)]
Hours = Annotated[float, Field(gt=0, le=8760)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class Strict(BaseModel):
    """A part of the policy file: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
