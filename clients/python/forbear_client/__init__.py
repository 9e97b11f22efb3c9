"""Asks a Forbear service; typed, and safe to retry.

Rows are the tables of the portfolio contract; answers are as the OpenAPI document of
the service describes them (`forbear_client.answers`, made from it).
"""

from forbear_client.client import Client
from forbear_client.errors import ForbearError, RefusedError, UnavailableError

__all__ = ["Client", "ForbearError", "RefusedError", "UnavailableError"]
