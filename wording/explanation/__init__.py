"""A recommendation in plain language, in four languages and for two audiences."""

from wording.explanation.explanation import Audience, Explanation, explain
from wording.explanation.passage import Passage
from wording.messages import LANGUAGES, UnknownLanguageError, Wording

__all__ = [
    "LANGUAGES",
    "Audience",
    "Explanation",
    "Passage",
    "UnknownLanguageError",
    "Wording",
    "explain",
]
