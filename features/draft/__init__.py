"""A first `portfolio.yaml`, drafted from the files that lie in a folder."""

from features.draft.customer_id import with_likely_customer_id
from features.draft.recognise import RecognisedTable, recognise
from features.draft.settings_text import settings_text

__all__ = ["RecognisedTable", "recognise", "settings_text", "with_likely_customer_id"]
