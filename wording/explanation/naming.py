"""Names of a policy's notices by the part they play, so that every language has one."""

from typing import Literal

from decisions.policy.document import PolicyDocument
from wording.messages import Wording

_WITH_OWN_WORD = 3


Form = Literal["name", "the", "of"]


def notice_name(
    document: PolicyDocument, name: str, words: Wording, form: Form = "name"
) -> str:
    """What a notice is called: "second reminder", "the final notice".

    Forms: `name` alone, `the` as the object of a sentence, `of` after a noun.
    """
    key, n = notice_part(document, name)
    return words.say(f"notices.{key}.{form}", n=n, name=name.replace("_", " "))


def notice_part(document: PolicyDocument, name: str) -> tuple[str, int]:
    """Which part a notice plays, and its number among the reminders; 0: it has none."""
    path, usage = document.fraud_path, document.high_usage
    if path is not None and path.notice == name:
        return "pause", 0
    early = document.notices.before_due
    if early is not None and early.notice == name:
        return "early", 0
    on_ladder = [state.notice for state in document.ladder if state.notice]
    if usage is not None and usage.notice == name and name not in on_ladder:
        return "usage", 0
    rule = document.notices.kinds.get(name)
    if rule is not None and rule.is_final_warning:
        return "final", 0
    ordinary = [n for n in on_ladder if not document.notices.kinds[n].is_final_warning]
    if name not in ordinary:
        return "other", 0
    if len(ordinary) == 1:
        return "only", 1
    n = ordinary.index(name) + 1
    return (f"ordinal_{n}" if n <= _WITH_OWN_WORD else "ordinal_n"), n
