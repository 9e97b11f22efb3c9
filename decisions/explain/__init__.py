"""A recommendation in plain language, in four languages and for two audiences."""

from decisions.explain.explanation import Audience, Explanation, explain
from decisions.explain.passage import Passage
from decisions.explain.wording import LANGUAGES, UnknownLanguageError, Wording

__all__ = [
    "LANGUAGES",
    "Audience",
    "Explanation",
    "Passage",
    "UnknownLanguageError",
    "Wording",
    "explain",
]
