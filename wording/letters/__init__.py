"""Letters to customers, from one set of values: as text, as HTML and for print."""

from wording.letters.appeal_answer import AppealAnswer, appeal_letter
from wording.letters.letter import Letter, LetterLinks
from wording.letters.notice_letter import LetterItem, NoticeValues, notice_letter
from wording.letters.restoration import RestorationValues, restoration_letter

__all__ = [
    "AppealAnswer",
    "Letter",
    "LetterItem",
    "LetterLinks",
    "NoticeValues",
    "RestorationValues",
    "appeal_letter",
    "notice_letter",
    "restoration_letter",
]
