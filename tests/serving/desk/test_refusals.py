"""What the desk refuses is told in the reader's language, and in no other."""

import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from httpx import Response

from serving.desk.addresses import customer_path
from serving.desk.log import LOG
from serving.desk.models import MODELS
from serving.desk.policy import LONGEST
from serving.desk.policy_change import POLICY
from tests.serving.desk.conftest import LATE, Person
from wording.messages import LANGUAGES

Somebody = Callable[..., Person]
_TAG = re.compile(r"<[^>]+>")
_WORDS = 3  # what has fewer may be a name, a code or a number


def refused(person: Somebody) -> Iterator[Response]:
    """Forms and addresses that the desk refuses, each for another reason."""
    admin, here = person("admin"), customer_path(LATE)
    for path in (
        "/desk/nowhere",
        "/desk/customers/%00",
        "/desk/decisions/none",
        f"{POLICY}/none",
        f"{LOG}?day=june",
        f"{LOG}?before=none",
        f"{LOG}?action=zzz",
        f"{LOG}?action={'x' * 5_000}",
        f"{LOG}/acts?before=none",
    ):
        yield admin.opens(path)
    reason = {"reason": "because"}
    for path, fields in (
        (f"{here}/snooze", {**reason, "until": "june"}),
        (f"{here}/snooze", {**reason, "until": "2999-01-01"}),
        (f"{here}/snooze", {"reason": "", "until": "2999-01-01"}),
        (f"{here}/hold", {"reason": "", "kind": "none", "until": "june"}),
        (f"{here}/finding", {**reason, "kind": "none"}),
        (f"{here}/release", {**reason, "kind": "none"}),
        (f"{here}/release", {**reason, "kind": "manual", "since": "june"}),
        ("/desk/acts/none/approve", {}),
        ("/desk/appeals/none/decide", {"result": "upheld", "reasons": "because"}),
        (f"{MODELS}/alarms/none/release", {"reason": ""}),
        (f"{MODELS}/alarms/none/release", reason),
        (POLICY, {"text": "x" * (LONGEST + 1)}),
        (POLICY, {"text": "x", "csrf": "0" * 64}),
    ):
        yield admin.sends(path, **fields)
    change = admin.sends(POLICY, text="currency: EUR").headers["location"]
    for path, fields in (
        (f"{change}/submit", {"reason": ""}),
        (f"{change}/submit", reason),
        (f"{change}/publish", reason),
        (f"{change}/refuse", reason),
        (f"{change}/backtest", {"from": "june", "to": "july"}),
    ):
        yield admin.sends(path, **fields)
    yield person("auditor").sends(POLICY, text="currency: EUR")


def sentences(answer: Response) -> set[str]:
    """The texts of the page but those that are names."""
    assert 400 <= answer.status_code < 500, answer.url
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    texts = (unescape(text).strip() for text in _TAG.split(main))
    found = {text for text in texts if len(text.split()) >= _WORDS}
    assert found, answer.text
    return found


@pytest.mark.parametrize("lang", [lang for lang in LANGUAGES if lang != "en"])
def test_no_refusal_is_in_english_alone(
    person: Somebody, stored: dict[str, str], lang: str
) -> None:
    told: dict[str, list[set[str]]] = {}
    for language in ("en", lang):
        with pytest.MonkeyPatch.context() as patch:
            desk = person().client
            patch.setitem(desk.headers, "accept-language", language)
            told[language] = [sentences(answer) for answer in refused(person)]
    for english, theirs in zip(told["en"], told[lang], strict=True):
        assert not english & theirs
