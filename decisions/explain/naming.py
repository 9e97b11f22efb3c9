"""Names of a policy's notices by the part they play, so that every language has one."""

from decisions.explain.wording import Wording
from decisions.policy.document import PolicyDocument

_WITH_OWN_WORD = 3


def notice_name(document: PolicyDocument, name: str, words: Wording) -> str:
    """What a notice is called in running text: "second reminder", "final notice"."""
    path, usage = document.fraud_path, document.high_usage
    if path is not None and path.notice == name:
        return words.say("notices.pause")
    on_ladder = [state.notice for state in document.ladder if state.notice]
    if usage is not None and usage.notice == name and name not in on_ladder:
        return words.say("notices.usage")
    rule = document.notices.kinds.get(name)
    if rule is not None and rule.is_final_warning:
        return words.say("notices.final")
    ordinary = [n for n in on_ladder if not document.notices.kinds[n].is_final_warning]
    if name not in ordinary:
        return name.replace("_", " ")
    if len(ordinary) == 1:
        return words.say("notices.only")
    n = ordinary.index(name) + 1
    key = f"ordinal_{n}" if n <= _WITH_OWN_WORD else "ordinal_n"
    return words.say(f"notices.{key}", n=n)
