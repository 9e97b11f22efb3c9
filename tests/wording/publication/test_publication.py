"""The published text is the policy: every way to a stop, in every language."""

import json
import re
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import pytest
from markdown_it import MarkdownIt

from decisions.policy.document import PolicyDocument
from decisions.policy.text import Text
from decisions.policy_file.load import Policy, load_policy, shipped_policies
from tests.decisions.decision_cases import MEASURES, with_measures
from tests.wording.publication.full_policy import full_document, spoken
from wording.explanation import LANGUAGES, UnknownLanguageError
from wording.messages import messages
from wording.publication import FORMATS, Format, UnknownFormatError, publish
from wording.publication.composition import compose
from wording.publication.page import Table, texts

POLICIES = {path.stem: load_policy(path) for path in shipped_policies()}
DEFAULT = POLICIES["reseller-default"]
RAW = re.compile(r"\b[a-z]+_[a-z_]+\b|[{}]|\bNone\b")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", POLICIES)
def test_no_rule_that_can_suspend_is_left_out(name: str, lang: str) -> None:
    """Walks the ladder, the high-usage exception and the fraud path of the file."""
    policy = POLICIES[name]
    document = policy.document
    sections = {s.name: s for s in compose(policy, lang).sections}
    timeline = next(b for b in sections["timeline"].blocks if isinstance(b, Table))
    assert len(timeline.rows) == len(document.ladder)
    own = messages(lang)
    for state, row in zip(document.ladder, timeline.rows, strict=True):
        assert str(state.when.days_overdue + document.clock.grace_days) in row[1]
        waits = {**state.when.days_since, **state.when.business_days_since}
        assert all(str(days) in row[1] for days in waits.values())
        if state.action in ("suspend", "block"):
            assert str(own[f"publish.what.{state.action}"]) in row[2]
    said = " ".join(texts(sections["access"]))
    if document.high_usage is not None:
        assert f"{document.high_usage.usage_ratio:g}" in said
    path = document.fraud_path
    assert (path is not None) == ("protective" in sections)
    if path is not None:
        told = " ".join(texts(sections["protective"])).lower()
        for rule in path.evidence_any:
            sign = own[f"signs.{rule.kind}"]
            assert isinstance(sign, str)
            assert sign.lower() in told
            assert str(rule.max_age_days) in told


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_stop_is_no_earlier_than_the_steps_before_it(lang: str) -> None:
    """No step is skipped, so its own days are not all that a stop waits for."""
    *before, stop = DEFAULT.document.ladder
    when = stop.when.model_copy(update={"days_overdue": 0})
    ladder = (*before, stop.model_copy(update={"when": when}))
    policy = Policy(DEFAULT.document.model_copy(update={"ladder": ladder}))
    latest = max(state.when.days_overdue for state in before)
    assert 0 < latest < stop.when.days_overdue
    sections = {s.name: s for s in compose(policy, lang).sections}
    assert re.search(rf"\b{latest}\b", next(iter(texts(sections["access"]))))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_limit_of_spending_is_said_with_its_amount(lang: str) -> None:
    own = MEASURES["limit_spending"]
    for rule, amount in (({**own, "limit": 7350}, True), (own, False)):
        policy = with_measures({"limit_spending": rule})
        sections = {s.name: s for s in compose(policy, lang).sections}
        told = " ".join(texts(sections["measures"]))
        assert bool(re.search(r"7\D?350", told)) is amount


@pytest.mark.parametrize("lang", LANGUAGES)
def test_only_a_stop_is_said_to_be_reviewed_after_its_longest_time(lang: str) -> None:
    """Nobody reviews a state that takes nothing away, so nobody is said to."""
    ladder = [
        state.model_copy(update={"max_days": 4321})
        for state in DEFAULT.document.ladder
        if state.action == "remind"
    ]
    stops = DEFAULT.document.ladder[len(ladder) :]
    policy = Policy(DEFAULT.document.model_copy(update={"ladder": (*ladder, *stops)}))
    assert not re.search(r"4\D?321", " ".join(spoken(policy, lang)))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_days_off_hold_up_stops_for_non_payment_alone(lang: str) -> None:
    own = messages(lang)
    sections = {s.name: s for s in compose(DEFAULT, lang).sections}
    assert str(own["publish.protective.any_hour"]) in texts(sections["protective"])
    hours, eve = (str(own[f"publish.counting.{k}"]) for k in ("no_hours", "eve"))
    about = {"en": "non-payment", "de": "Zahlungsverzug", "fr": "non-paiement"}
    word = about.get(lang, "falta de pagamento")
    assert (word in hours, word in eve) == (True, True)


def test_the_example_of_full_days_is_how_days_are_counted() -> None:
    """7 full days after 1 September have passed on 9 September."""
    calendar = DEFAULT.latest.calendar
    noticed = calendar.start_of(date(2026, 9, 1)) + timedelta(hours=14)
    assert calendar.local_day(calendar.after_days(noticed, 7)) == date(2026, 9, 9)
    for lang in LANGUAGES:
        sections = {s.name: s for s in compose(DEFAULT, lang).sections}
        said = " ".join(texts(sections["counting"])).replace("\xa0", " ")
        assert re.search(r"1\D+7\D+8\D+9\D+", said)
        assert str(messages(lang)["publish.counting.full_days"])[:30] in said


@pytest.mark.parametrize("part", ["ladder", "evidence", "high_usage", "fraud_path"])
def test_a_way_to_a_stop_that_is_taken_out_of_the_file_leaves_the_text(
    part: str,
) -> None:
    document = DEFAULT.document
    path = document.fraud_path
    assert path is not None
    if part == "ladder":
        change: dict[str, Any] = {"ladder": document.ladder[:-1]}
    elif part == "evidence":
        shorter = path.model_copy(update={"evidence_any": path.evidence_any[1:]})
        change = {"fraud_path": shorter}
    else:
        change = {part: None}
    after = Policy(document.model_copy(update=change))
    assert len(spoken(after)) < len(spoken(DEFAULT))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", POLICIES)
def test_every_shipped_policy_reads_without_codes_or_foreign_sentences(
    name: str, lang: str
) -> None:
    policy = POLICIES[name]
    page = compose(policy, lang)
    said = " ".join([page.title, page.lead, *spoken(policy, lang)])
    assert not RAW.findall(said)
    for text in _free_texts(policy.document):
        assert not isinstance(text, str)
        assert text[lang] in said
        assert not [t for t in text.values() if t != text[lang] and t in said]


def _free_texts(document: PolicyDocument) -> list[Text]:
    found = [document.title, *(rule.text for rule in document.notices.kinds.values())]
    found.append(document.essential.restricted_mode)
    if document.fraud_path is not None:
        found.append(document.fraud_path.wording)
    return [text for text in found if text]


def test_a_plain_text_is_in_the_language_of_the_policy_alone() -> None:
    values = DEFAULT.document.model_dump(mode="json", by_alias=True)
    values["title"] = "Our own title"
    values["fraud_path"]["terms_clause"] = "§ 9 Protective suspension"
    policy = Policy(PolicyDocument.model_validate(values))
    pages = {lang: publish(policy, lang, "md") for lang in LANGUAGES}
    assert [lang for lang, page in pages.items() if "Our own title" in page] == ["en"]
    assert [lang for lang, page in pages.items() if "Protective sus" in page] == ["en"]
    assert all("§" in page for page in pages.values())


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", POLICIES)
def test_every_name_a_shipped_policy_uses_has_a_word(name: str, lang: str) -> None:
    document = POLICIES[name].document
    words = messages(lang)
    path = document.fraud_path
    used = [f"segments.{s}" for s in document.essential.segments]
    used += [f"segments.{s}" for s in document.scope.segments]
    used += [f"methods.{m}" for m in document.in_flight_days]
    used += [
        f"channels.{c}" for r in document.notices.kinds.values() for c in r.channels
    ]
    used += [f"teams.{state.owner}" for state in document.ladder]
    used += [f"teams.{document.holds.dispute.decided_by}"]
    used += [f"restrictions.{r}" for state in document.ladder for r in state.restrict]
    used += [f"signs.{rule.kind}" for rule in (path.evidence_any if path else ())]
    assert not [key for key in used if key not in words]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_optional_parts_are_told_in_every_language(lang: str) -> None:
    values = full_document().model_dump(mode="json", by_alias=True)
    values["scope"] = {
        "segments": ["healthcare"],
        "subject_kinds": ["legal_person"],
        "products": ["cloud*"],
    }
    values["essential"]["products"] = ["lifeline*"]
    values["holds"]["dispute"]["blocks_always"] = True
    values["holds"]["instalment_plan"]["max_days"] = None
    values["holds"]["exemption"]["max_days"] = None
    values["appeals"]["during"] = "restore"
    values["reconnection"]["bill_suspended_period"] = "yes"
    values["reconnection"]["when"] = ["paid", "arranged", "cleared"]
    values["calendar"].update(
        country=None, subdivision=None, categories=(), cut_off=None
    )
    values["service"]["suspend"] = "account"
    values["fraud_path"].update(notice=None, stop_charging=False)
    values["fraud_path"]["evidence_any"] = [{"kind": "*", "min_severity": "high"}]
    said = spoken(Policy(PolicyDocument.model_validate(values)), lang)
    assert not RAW.findall(" ".join(said))
    assert any("lifeline*" in text for text in said)
    values["calendar"]["from_time"] = "00:00"
    values["ladder"] = values["ladder"][:2]
    said = spoken(Policy(PolicyDocument.model_validate(values)), lang)
    assert messages(lang)["publish.access.never"] in said
    values.update(ladder=[], high_usage=None, cases=[])
    values["notices"] = {}
    values["essential"] = {}
    assert spoken(Policy(PolicyDocument.model_validate(values)), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("anchor", ["due_date", "invoice_date", "payment_failed"])
def test_the_page_says_from_what_days_are_counted(anchor: str, lang: str) -> None:
    values = full_document().model_dump(mode="json", by_alias=True)
    values["clock"]["anchor"] = anchor
    values["ladder"][0]["when"] |= {"unpaid_invoices": 7, "overdue_amount": 321}
    policy = Policy(PolicyDocument.model_validate(values))
    sections = {s.name: texts(s) for s in compose(policy, lang).sections}
    said = [text for section in sections.values() for text in section]
    assert not RAW.findall(" ".join(said))
    own = messages(lang)
    assert own[f"publish.counting.anchor_{anchor}"] in sections["counting"]
    for other in {"due_date", "invoice_date", "payment_failed"} - {anchor}:
        assert own[f"publish.counting.anchor_{other}"] not in said
    first = sections["timeline"][1]
    assert all(number in first for number in ("5", "7", "321"))  # 3 days, 2 of grace


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_notice_after_a_pause_is_due_in_hours_in_every_section(lang: str) -> None:
    """The days in which other notices go out do not apply to it."""
    document = DEFAULT.document
    path = document.fraud_path
    assert path is not None
    longer = path.model_copy(update={"notice_within_hours": 19})
    policy = Policy(document.model_copy(update={"fraud_path": longer}))
    sections = {s.name: texts(s) for s in compose(policy, lang).sections}
    [row] = [t for t in sections["notices"] if "19" in t]
    assert any("19" in text for text in sections["protective"])
    days = document.notices.kinds["access_paused"].send_within_days
    assert f" {days} " not in row


@pytest.mark.parametrize("lang", LANGUAGES)
def test_one_channel_alone_has_no_next_way(lang: str) -> None:
    own = messages(lang)
    values = DEFAULT.document.model_dump(mode="json", by_alias=True)
    values["notices"]["kinds"]["reminder_1"]["channels"] = ["letter"]
    said = spoken(Policy(PolicyDocument.model_validate(values)), lang)
    assert str(own["publish.notices.again_sent_only"]) in " ".join(said)
    assert str(own["publish.notices.again_sent_only"]) not in " ".join(
        spoken(DEFAULT, lang)
    )


def amended() -> Policy:
    values = DEFAULT.document.model_dump(mode="json", by_alias=True)
    values["amendments"] = [
        {"from": "2026-07-01", "set": {"materiality": {"EUR": 40}}, "because": "x"},
        {"from": "2026-09-01", "set": {"budget": {"per_day": 7}}, "because": "y"},
    ]
    return Policy(PolicyDocument.model_validate(values))


def test_an_amendment_is_announced_with_its_date_and_both_sentences() -> None:
    [changes] = [s for s in compose(amended(), "en").sections if s.name == "changes"]
    said = texts(changes)
    assert said[0] == "From 1 July 2026:"
    new, _, before = said[1].partition("Until then: ")
    assert "less than €40" in new
    assert "less than €25" in before
    assert said[2:] == [
        "From 1 September 2026:",
        "Nothing that is stated on this page changes.",
    ]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_fee_that_changes_is_announced_once(lang: str) -> None:
    values = DEFAULT.document.model_dump(mode="json", by_alias=True)
    values["fees"]["cap_per_notice"] = 90
    name = "final_notice"
    values["notices"]["kinds"][name]["fee"] = 41
    change = {"notices": {"kinds": {name: {"fee": 43}}}}
    values["amendments"] = [{"from": "2026-07-01", "set": change, "because": "x"}]
    page = compose(Policy(PolicyDocument.model_validate(values)), lang)
    [changes] = [s for s in page.sections if s.name == "changes"]
    [said] = texts(changes)[1:]
    assert "43" in said.partition("41")[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_change_stands_beside_what_it_replaces(lang: str) -> None:
    """Of a table only the cells that change; what is new or gone says so."""
    values = DEFAULT.document.model_dump(mode="json", by_alias=True)
    ladder = json.loads(json.dumps(values["ladder"]))
    ladder[0]["when"]["days_overdue"] = 4
    change = {
        "ladder": ladder,
        "first_invoice": None,
        "fees": {"interest": {"annual_rate": 0.05, "cap_share": 0.5}},
    }
    values["amendments"] = [{"from": "2026-07-01", "set": change, "because": "x"}]
    page = compose(Policy(PolicyDocument.model_validate(values)), lang)
    [changes] = [s for s in page.sections if s.name == "changes"]
    own = messages(lang)
    instead = str(own["publish.changes.instead"]).split("{text} ")[1].split("{")[0]
    gone = str(own["publish.changes.gone"]).split("{")[0]
    said = texts(changes)[1:]
    [step] = [text for text in said if instead in text and " 4 " in text]
    assert " 3 " in step.partition(instead)[2]
    assert " · " not in "".join(said)
    assert any(text.startswith(gone) for text in said)
    assert any("50" in text and instead not in text for text in said)


def test_the_version_in_force_at_a_moment_is_written() -> None:
    at = datetime.fromisoformat("2026-10-01T00:00:00+00:00")
    page = compose(amended(), "en", at)
    said = " ".join(text for section in page.sections for text in texts(section))
    assert "less than €40" in said
    assert dict(page.facts)["In force from"] == "1 September 2026"
    assert "changes" not in {section.name for section in page.sections}


class Outline(HTMLParser):
    """What a screen reader goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("layout", ["html", "print"])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", POLICIES)
def test_html_is_accessible(name: str, lang: str, layout: Format) -> None:
    outline = Outline()
    outline.feed(publish(POLICIES[name], lang, layout))
    assert not outline.open
    tags = [tag for tag, _ in outline.seen]
    attributes = dict(outline.seen)
    assert attributes["html"]["lang"] == lang
    assert tags.count("h1") == 1
    assert {"main", "header", "footer"} <= set(tags)
    assert "script" not in tags
    assert all(a.get("scope") in ("col", "row") for t, a in outline.seen if t == "th")
    assert tags.count("caption") == tags.count("table")
    ids = [a["id"] for _, a in outline.seen if "id" in a]
    assert len(ids) == len(set(ids))
    links = [str(a["href"]) for t, a in outline.seen if t == "a"]
    inside = {link.removeprefix("#") for link in links if link.startswith("#")}
    assert inside <= set(ids)
    assert all(link.startswith(("#", "mailto:")) for link in links)
    assert f"mailto:{POLICIES[name].document.contact}" in links
    levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
    assert levels == [1, *[2] * (len(levels) - 1)]
    roles = {"table": "table", "tr": "row", "td": "cell"}
    assert all(a.get("role") == roles[t] for t, a in outline.seen if t in roles)


def luminance(colour: str) -> float:
    """Relative luminance of a hex colour (WCAG 2.2)."""
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(d * 2 for d in digits)
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_has_the_contrast_wcag_asks_for() -> None:
    style = files("wording").joinpath("templates", "screen.css").read_text()
    colours = re.findall(r"(?<![-\w])color: (#\w+)", style)
    grounds = re.findall(r"background: (#\w+)", style)
    assert len(colours) >= 4
    for colour in colours:
        for ground in grounds:
            assert (luminance(ground) + 0.05) / (luminance(colour) + 0.05) >= 4.5


@pytest.mark.parametrize("sheet", ["screen.css", "print.css"])
def test_no_text_is_smaller_than_twelve_pixels(sheet: str) -> None:
    style = files("wording").joinpath("templates", sheet).read_text()
    pixels = {"rem": 16.0, "pt": 96 / 72}
    sizes = [
        float(n) * pixels[unit]
        for n, unit in re.findall(r"font(?:-size)?: ([\d.]+)(rem|pt)", style)
    ]
    assert len(sizes) >= 5
    assert min(sizes) >= 12.0


def test_a_number_stays_with_what_it_counts() -> None:
    page = publish(DEFAULT, "de", "html")
    assert "mindestens 3\xa0Tage nach" in page
    assert not re.findall(r"\d (?:Tage|Stunden)\b", page)


def test_free_text_of_the_policy_cannot_break_the_page() -> None:
    values = DEFAULT.document.model_dump(mode="json", by_alias=True)
    values["title"] = "<script>x</script> | *A*"
    policy = Policy(PolicyDocument.model_validate(values))
    assert "<script>" not in publish(policy, "en", "html")
    assert r"# \<script\>x\</script\> \| \*A\*" in publish(policy, "en", "md")


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "[pay here](javascript:alert(1))",
    "<javascript:alert(1)>",
    "![x](javascript:alert(1))",
    "{{ 7 * 7 }}{% include 'print.css' %}",
    "&lt;script&gt;",
    "1. first\n\n# heading\n\n- item | cell",
)


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("layout", FORMATS)
def test_no_text_of_a_policy_brings_markup_or_links(text: str, layout: Format) -> None:
    values = full_document().model_dump(mode="json", by_alias=True)
    for place, key in (
        (values, "title"),
        (values, "contact"),
        (values["appeals"], "channel"),
        (values["fraud_path"], "wording"),
        (values["notices"]["kinds"]["reminder_1"], "text"),
    ):
        place[key] = text
    said = publish(Policy(PolicyDocument.model_validate(values)), "en", layout)
    page = MarkdownIt("commonmark").enable("table").render(said)
    outline = Outline()
    outline.feed(said if layout != "md" else page)
    assert " ".join(text.split()) in " ".join(outline.text.split())
    links = [str(a["href"]) for t, a in outline.seen if t == "a"]
    assert all(link.startswith(("#", "mailto:")) for link in links)
    assert not {"script", "img", "iframe"} & {tag for tag, _ in outline.seen}


@pytest.mark.parametrize("name", POLICIES)
def test_markdown_tables_are_rectangular(name: str) -> None:
    rows = [
        line.replace(r"\|", "")
        for line in publish(POLICIES[name], "en", "md").splitlines()
        if line.startswith("|")
    ]
    assert rows
    assert {line.count("|") for line in rows} <= {6, 7}


def test_the_page_is_dated_versioned_and_fingerprinted() -> None:
    for layout in FORMATS:
        said = publish(DEFAULT, "en", layout).replace("\\", "").replace("\xa0", " ")
        assert DEFAULT.reference in said
        assert "1 January 2000" in said
        assert DEFAULT.hash[:12] in said


def test_unknown_languages_and_formats_are_refused() -> None:
    with pytest.raises(UnknownLanguageError):
        publish(DEFAULT, "it")
    with pytest.raises(UnknownFormatError, match="html, md, print"):
        publish(DEFAULT, "en", "docx")  # type: ignore[arg-type]
