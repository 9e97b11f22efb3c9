"""What every page keeps: what a browser may load, and its four languages."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import serving.desk
from tests.serving.desk.conftest import Person
from wording.messages import LANGUAGES, messages

Somebody = Callable[..., Person]
PAGES = ("/desk", "/desk/log", "/desk/log/acts", "/desk/policy", "/desk/models")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(
    person: Somebody, path: str
) -> None:
    answer = person("admin").opens(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert " style=" not in answer.text
    assert "<style" not in answer.text
    assert " onclick" not in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert answer.text.count("<script") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("path", PAGES)
def test_every_page_speaks_every_language(
    person: Somebody, path: str, lang: str
) -> None:
    one = person("admin")
    answer = one.opens(path, headers={"accept-language": lang})
    assert f'<html lang="{lang}">' in answer.text


def test_code_in_a_sentence_is_code_on_the_page() -> None:
    """What a message marks by backticks no template shows with them."""
    marked = {key for key, text in messages("en").items() if "`" in str(text)}
    marked.add("desk.done.")  # whose rest is what was done
    said = re.compile(r'say\("([^"]*)"([^}]*)\}\}')
    shown = [
        (key, "| text" in rest)
        for template in Path(serving.desk.__path__[0]).glob("templates/*.html")
        for key, rest in said.findall(template.read_text("utf-8"))
        if key in marked
    ]
    assert len(shown) > 4
    assert [key for key, is_marked in shown if not is_marked] == []


def test_a_chosen_language_stays(person: Somebody) -> None:
    one = person("admin")
    answer = one.sends("/desk/choices", language="de", next="/desk/log")
    assert answer.headers["location"] == "/desk/log"
    assert '<html lang="de">' in one.opens("/desk/log").text


def test_single_keys_can_be_switched_off(person: Somebody) -> None:
    one = person("admin")
    assert 'data-keys="on"' in one.opens("/desk").text
    one.sends("/desk/choices", keys="off")
    assert 'data-keys="off"' in one.opens("/desk").text


@pytest.mark.parametrize("name", ["desk.css", "desk.js", "desk.svg"])
def test_style_and_script_come_from_the_service(person: Somebody, name: str) -> None:
    assert person().opens(f"/desk/static/{name}").status_code == 200


def test_where_nothing_is_a_page_says_so(person: Somebody) -> None:
    answer = person().opens("/desk/nothing-here")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert person().opens("/desk/", follow_redirects=False).status_code == 303


def test_a_page_of_a_problem_leads_on_for_whoever_is_signed_in(
    person: Somebody,
) -> None:
    assert 'href="/desk/log"' in person("auditor").opens("/desk/nothing-here").text
    assert 'href="/desk/log"' not in person().opens("/desk/nothing-here").text
