"""The policy file: reading, dated values, hash, linter, and the shipped ones."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

import jsonschema
import pytest
import yaml
from pydantic import Field

from decisions.errors import PolicyFileError
from decisions.policy.document import PolicyDocument
from decisions.policy.finding import Finding
from decisions.policy.section import PolicySection
from decisions.policy_file.check import check, run_cases
from decisions.policy_file.lines import on_lines
from decisions.policy_file.load import (
    SHIPPED,
    Policy,
    default_policy,
    json_schema,
    load_policy,
    parse_document,
    parse_policy,
    shipped_policies,
)
from decisions.policy_file.reading import MOST_NESTED, PlainLoader, plain_values
from wording.explanation import LANGUAGES

Values: TypeAlias = dict[str, Any]


def _values() -> Values:
    return default_policy().document.model_dump(mode="json", by_alias=True)


def _changed(change: Callable[[Values], None]) -> Policy:
    values = _values()
    change(values)
    return Policy(parse_document(values, "test"))


def found_in(text: str) -> list[Finding]:
    """All findings of a file, each on its line."""
    try:
        return on_lines(check(parse_policy(text, "mine.yaml")), text)
    except PolicyFileError as error:
        return list(error.findings)


@pytest.mark.parametrize("path", shipped_policies(), ids=lambda path: path.stem)
def test_shipped_policies_have_no_findings(path: Path) -> None:
    assert found_in(path.read_text("utf-8")) == []


def test_five_policies_ship_with_cases_and_reasons() -> None:
    names = {path.stem for path in shipped_policies()}
    assert names == {
        "reseller-default",
        "eu-telecom-be",
        "cyprus-2002-1-19",
        "plain-timeline",
        "thresholds-only",
    }
    for path in shipped_policies():
        document = load_policy(path).document
        assert document.name == path.stem
        assert len(document.cases) >= 4
        assert document.because


def test_the_schema_accepts_the_shipped_files() -> None:
    schema = json_schema()
    text = json.dumps(schema)
    assert "Elkan" not in text
    for path in shipped_policies():
        values = load_policy(path).document.model_dump(mode="json", by_alias=True)
        jsonschema.validate(values, schema)


def _drop_clause(v: Values) -> None:
    v["fraud_path"]["terms_clause"] = " "


def _endless_exemption(v: Values) -> None:
    v["holds"]["exemption"] |= {"needs_expiry": False, "max_days": None}


def _sent_is_enough(v: Values) -> None:
    v["notices"]["kinds"]["final_notice"]["proof"] = "sent"


def _no_cure_period(v: Values) -> None:
    v["ladder"][3]["when"]["business_days_since"] = {}


def _unsent_notice(v: Values) -> None:
    v["ladder"][1]["when"]["days_since"] = {"final_notice": 3}


def _suspended_before_suspension(v: Values) -> None:
    v["ladder"][0]["when"]["days_suspended"] = 1


def _second_suspension(v: Values) -> None:
    v["ladder"][4]["action"] = "suspend"


def _no_promises(v: Values) -> None:
    v["holds"]["promise"]["per_year"] = 0


def _whole_base(v: Values) -> None:
    v["budget"]["share_of_customers_per_day"] = 1.0


def _useless_block(v: Values) -> None:
    v["costs"]["actions"]["service_request"] |= {
        "fixed": {"value": 1e6, "low": 1e6, "high": 1e6}
    }


def _wrong_case(v: Values) -> None:
    v["cases"][0]["expect"] = "block"


def _no_stop(v: Values) -> None:
    v["ladder"] = v["ladder"][:3]


def _no_channel(v: Values) -> None:
    v["appeals"]["channel"] = ""


def _unused_notice(v: Values) -> None:
    v["notices"]["kinds"]["birthday"] = {"channels": ["email"]}


def _untranslated_notice(v: Values) -> None:
    v["notices"]["kinds"]["reminder_1"] |= {"languages": ["en", "nl"], "text": "Hello"}


def _title_in_another_language(v: Values) -> None:
    v["title"] = {"fr": "Recouvrement"}


def _expires_before_review(v: Values) -> None:
    v["fraud_path"]["auto_expire_hours"] = 1


def _dear_notice(v: Values) -> None:
    v["fees"]["cap_per_notice"] = 10
    v["notices"]["kinds"]["reminder_2"]["fee"] = 11


def _dear_ladder(v: Values) -> None:
    v["fees"]["cap_total"] = 10
    v["notices"]["kinds"]["reminder_2"]["fee"] = 6
    v["notices"]["kinds"]["final_notice"]["fee"] = 6


def _first_reminder_costs(v: Values) -> None:
    v["fees"]["first_reminder_free"] = True
    v["notices"]["kinds"]["reminder_1"]["fee"] = 1


def _dear_return(v: Values) -> None:
    v["reconnection"] |= {"fee": 31, "fee_cap": 30}


def _deleted_too_early(v: Values) -> None:
    v["termination"] |= {"data_export_days": 30, "deletion_after_days": 29}


def _ends_unannounced(v: Values) -> None:
    v["notices"]["kinds"]["final_notice"]["proof"] = "sent"


def _decisions_forgotten(v: Values) -> None:
    v["retention"] = {"decision_days": {"default": 900, "none": 59}}
    v["retention"]["evidence_days"] = 900


def _evidence_forgotten(v: Values) -> None:
    v["retention"] = {"decision_days": {"default": 900}, "evidence_days": 364}


def _write_off_unremembered(v: Values) -> None:
    v["termination"]["write_off_after_days"] = 901
    v["retention"] = {"decision_days": {"default": 900}, "evidence_days": 900}


def _amended(*days: str) -> Callable[[Values], None]:
    """Amendments from these days, in a policy of one year."""

    def change(v: Values) -> None:
        v |= {"effective_from": "2026-01-01", "effective_to": "2026-12-31"}
        change = {"set": {"budget": {"per_day": 9}}, "because": "fewer"}
        v["amendments"] = [{"from": day} | change for day in days]

    return change


def _reminded_after_a_stop(v: Values) -> None:
    v["thresholds"] = [{"nonpayment": {"remind": 0.3, "suspend": 0.3}}]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_amended("2026-01-01"), "idle_amendment"),
        (_amended("2027-01-01"), "idle_amendment"),
        (_amended("2026-06-01", "2026-06-01"), "idle_amendment"),
        (_reminded_after_a_stop, "threshold_order"),
        (_dear_notice, "fee_above_cap"),
        (_dear_ladder, "fee_above_cap"),
        (_first_reminder_costs, "first_reminder_not_free"),
        (_dear_return, "reconnection_fee_above_cap"),
        (_deleted_too_early, "deletion_before_export_ends"),
        (_ends_unannounced, "termination_without_notice"),
        (_decisions_forgotten, "retention_too_short"),
        (_evidence_forgotten, "retention_too_short"),
        (_write_off_unremembered, "retention_too_short"),
        (_drop_clause, "fraud_path_without_terms_clause"),
        (_endless_exemption, "exemption_without_expiry"),
        (_sent_is_enough, "suspension_without_notice"),
        (_no_cure_period, "skipped_notice"),
        (_unused_notice, "skipped_notice"),
        (_unsent_notice, "unreachable_state"),
        (_suspended_before_suspension, "unreachable_state"),
        (_second_suspension, "unreachable_state"),
        (_no_promises, "contradictory_holds"),
        (_expires_before_review, "contradictory_holds"),
        (_whole_base, "budget_larger_than_base"),
        (_useless_block, "break_even_outside"),
        (_wrong_case, "case_failed"),
        (_no_stop, "no_notice_path"),
        (_no_channel, "no_appeal_channel"),
        (_untranslated_notice, "text_missing"),
        (_title_in_another_language, "text_missing"),
    ],
)
def test_the_linter_finds(change: Callable[[Values], None], code: str) -> None:
    assert code in {finding.code for finding in check(_changed(change))}


@pytest.mark.parametrize(
    "drawn",
    [
        pytest.param(
            {"exploration": {"share": 0.5, "epoch_days": 1, "scope": ["remind"]}},
            id="softer by chance",
        ),
        pytest.param({"holdout": {"share": 0.5, "epoch_days": 1}}, id="held out"),
    ],
)
def test_a_case_is_drawn_into_no_arm(drawn: Values) -> None:
    [small] = [c for c in _values()["cases"] if c["name"] == "small debt"]
    told = {"reminder_1": 35, "reminder_2": 28, "final_notice": 20}
    late = small | {"notices": told}  # by the days alone it would be suspended
    days = (9, 10, 11, 16, 17, 18, 23, 24)  # half of them are drawn, by the epoch

    def change(v: Values) -> None:
        v["cases"] = [late | {"at": f"2026-06-{day:02}T10:00:00Z"} for day in days]
        v.update(drawn)

    def later(v: Values) -> None:
        change(v)
        for section in drawn:
            v[section] = {"share": 0.0}
        v["amendments"] = [{"from": "2026-01-01", "set": drawn, "because": "to learn"}]

    assert list(run_cases(_changed(change))) == []
    assert list(run_cases(_changed(later))) == []


def test_changes_that_come_and_thresholds_that_rise_are_no_finding() -> None:
    def change(v: Values) -> None:
        _amended("2026-06-01", "2026-12-31")(v)
        v["thresholds"] = [{"nonpayment": {"remind": 0.3, "suspend": 0.31}}]

    codes = {finding.code for finding in check(_changed(change))}
    assert not codes & {"idle_amendment", "threshold_order"}


def test_what_is_proposed_in_the_place_of_a_milder_action_is_what_comes_first() -> None:
    def change(v: Values) -> None:
        rows = {"review": 0.6, "suspend": 0.5, "block": 0.3}
        v["thresholds"] = [{"nonpayment": rows}]

    found = [f for f in check(_changed(change)) if f.code == "threshold_order"]
    assert {f.message for f in found} == {
        "is never proposed: from 0.3 on it is block",
    }


def test_a_finding_about_a_row_is_on_its_line() -> None:
    text = (SHIPPED / "thresholds-only.yaml").read_text("utf-8")
    wrong = "fraud: {review: 0.05, suspend: 0.80, block: 0.80}"
    text = text.replace("fraud: {review: 0.05, suspend: 0.30, block: 0.80}", wrong)
    found = {f.code: f.line for f in found_in(text)}
    line = found["threshold_order"]
    assert line is not None
    assert text.splitlines()[line - 1].strip() == wrong


def test_a_budget_is_compared_with_the_base() -> None:
    codes = {finding.code for finding in check(default_policy(), n_customers=80)}
    assert codes == {"budget_larger_than_base"}
    assert check(default_policy(), n_customers=10_000) == []


def test_a_dominated_action_is_refused(tmp_path: Path) -> None:
    """Elkan's reasonableness: more cost and no more effect in every state."""
    values = _values()
    rows = values["costs"]["actions"]
    rows["block"] = dict(rows["suspend"], fixed=99)
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(values))
    [finding] = found_in(path.read_text("utf-8"))
    assert (finding.code, finding.severity) == ("dominated_action", "error")
    assert "suspend" in finding.message
    with pytest.raises(PolicyFileError, match="block"):
        load_policy(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: 1\na: 2\n", "stands twice", id="a key twice"),
        pytest.param("a: [1\n", "not readable as YAML", id="no YAML"),
        pytest.param("forbear_policy: 2\n", "forbear_policy", id="unknown schema"),
        pytest.param("[]", "policy", id="no mapping"),
    ],
)
def test_unreadable_policies_say_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(PolicyFileError, match=message):
        parse_policy(text)


@pytest.mark.parametrize("path", shipped_policies(), ids=lambda path: path.stem)
def test_libyaml_and_pyyaml_read_the_same_policy(path: Path) -> None:
    """A service without libyaml must not decide by another policy."""
    text = path.read_text("utf-8")
    values = plain_values(text, path.name)
    assert values == plain_values(f"{text}\n# {'[' * MOST_NESTED}", path.name)
    assert values == yaml.load(text, Loader=PlainLoader)  # noqa: S506 - a SafeLoader


@pytest.mark.parametrize("opened", ["[", "{a: ", "- "], ids=["list", "map", "block"])
def test_a_text_nested_too_deeply_is_refused_and_not_fatal(opened: str) -> None:
    """In libyaml it would end the process, for its nodes nest on the stack."""
    with pytest.raises(PolicyFileError, match="nested too deeply"):
        parse_policy(opened * 100_000)


def _shipped_with(old: str, new: str) -> str:
    text = (SHIPPED / "reseller-default.yaml").read_text("utf-8")
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("country: BE", "country: BE\n  subdivision: XX", "calendar: no public holi"),
        ("country: BE", "country: Belgien", "calendar: no public holidays are known"),
        ("country: BE", "subdivision: Flemish", "subdivision needs a country"),
        ("from: 2000-01-01", "from: 2000-13-01", r"line \d+: 2000-13-01 is no"),
        ('cut_off: "16:00"', "cut_off: 07:00", "cut_off must come after from_time"),
        ("language: en", "effective_to: 1999-01-01", "effective_to: lies before"),
        ("materiality: {EUR: 25, ", "materiality: {", "materiality: state an amount"),
        ("horizon_days: 90", "\thorizon_days: 90", r"line \d+: not readable as YAML"),
        ("grace_days: 0", "grace_day: 0", r"clock\.grace_day: .* mean 'grace_days'\?"),
        ("grace_days: 0", "grace_days: two", r"clock\.grace_days: .*it is 'two'"),
        ("action: suspend\n", "action: stop\n", r"ladder\.suspension\.action: should"),
        ("chargeback_fee: 20", "chargeback_fee: x", "chargeback_fee: .*number, or {v"),
        ("currency: EUR", "curency: EUR", r"currency: is missing \(and 1 more"),
        ("currency: EUR", "currency: eur", r"28: currency: write EUR; it is 'eur'"),
        ("materiality: {EUR", "materiality: {eur", r"eur: write EUR; it is 'eur'"),
        ("currency: EUR", "currency: euros", r"currency: write a code of ISO 4217"),
    ],
)
def test_a_slip_is_named_where_it_stands(old: str, new: str, message: str) -> None:
    """No rule that would break while it decides is taken up."""
    with pytest.raises(PolicyFileError, match=message):
        parse_policy(_shipped_with(old, new), "mine.yaml")


def test_check_lists_every_slip() -> None:
    text = _shipped_with("currency: EUR", "curency: EUR")
    found = found_in(text)
    assert [(f.where, f.line) for f in found] == [("currency", None), ("curency", 28)]


OFF = ("materiality", "")  # mended elsewhere, or seen by the parser further on


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ("grace_days: 0", "grace_days: two", "clock.grace_days", "valid integer"),
        ("notice: final_notice", "notice: finale", "ladder.final_notice.notice", "did"),
        ("state: suspension", "state: final_notice", "ladder.4", "name each once"),
        ("currency: EUR", "currency: DKK", "materiality", "state an amount in DKK"),
        ("language: en", "effective_to: 1999-01-01", "effective_to", "lies before"),
        ("language: en", "language: [", "", "not readable as YAML"),
    ],
)
def test_each_slip_has_its_line(old: str, new: str, where: str, message: str) -> None:
    """A program reads it from `line`, not out of the words."""
    text = _shipped_with(old, new)
    found = found_in(text)[0]
    assert found.where == where
    assert found.line is not None
    assert message in found.message
    assert new in text.splitlines()[found.line - 1] or where in OFF


def test_a_slip_of_an_amendment_has_the_line_on_which_it_is_set() -> None:
    text = _shipped_with("channel: appeals@example.org", "channel: a@example.org")
    lines = [
        "amendments:",
        "- from: 2030-01-01",
        "  because: fewer",
        "  set:",
        "    budgt: {per_day: 10}",
    ]
    above = len(text.splitlines())
    [found] = found_in("\n".join([text.rstrip(), *lines, ""]))
    assert (found.where, found.line) == ("budgt", above + 5)
    assert found.place == "from 2030-01-01: budgt"


def test_what_an_amendment_mends_stands_in_the_file() -> None:
    text = _shipped_with("channel: appeals@example.org", "decide_days: 5").replace(
        "  decide_days: 5\n  during", "  during"
    )
    mended = "{appeals: {channel: a@example.org}}"
    change = f"amendments: [{{from: 2030-01-01, because: told, set: {mended}}}]"
    [found] = found_in(f"{text}\n{change}\n")
    assert (found.code, found.place) == ("no_appeal_channel", "appeals")
    assert found.line == text.splitlines().index("appeals:") + 1


def test_a_case_without_a_decision_says_why() -> None:
    text = _shipped_with("effective_from: 2000-01-01", "effective_from: 2030-01-01")
    found = [f.message for f in found_in(text) if "no_de" in f.message]
    assert "not_in_force on 2026-06-09T10:00:00Z: give the case an `at`" in found[0]


def test_what_is_so_in_every_version_is_said_once() -> None:
    text = _shipped_with("channel: appeals@example.org", "decide_days: 5").replace(
        "  decide_days: 5\n  during", "  during"
    )
    change = "{from: 2030-01-01, set: {budget: {per_day: 10}}, because: fewer}"
    amended = parse_policy(f"{text}\namendments: [{change}]\n")
    assert [(f.code, f.place) for f in check(amended)] == [
        ("no_appeal_channel", "appeals"),
        ("budget_order", "from 2030-01-01: budget.per_hour"),
    ]


def test_a_notice_is_sent_in_the_policys_language_unless_it_says_otherwise() -> None:
    text = _shipped_with("language: en", "language: fr")
    kinds = parse_policy(text).document.notices.kinds
    assert {rule.languages for rule in kinds.values()} == {("fr",)}
    named = text.replace("  proof: sent", "  languages: [de, fr]\n      proof: sent", 1)
    kinds = parse_policy(named).document.notices.kinds
    assert kinds["payment_ahead"].languages == ("de", "fr")


def test_a_missing_file_is_no_policy(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot be read") as refused:
        load_policy(tmp_path / "none.yaml")
    assert refused.value.code == "policy_file"


def test_norway_and_times_need_no_quotes() -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text()
    plain = "calendar: {timezone: Europe/Oslo, country: NO, cut_off: 16:00}"
    policy = parse_policy(text.replace("calendar: {timezone: Europe/Brussels}", plain))
    calendar = policy.document.calendar
    assert calendar.country == "NO"
    assert calendar.cut_off is not None
    assert calendar.cut_off.hour == 16


def test_a_misspelt_key_and_an_unknown_timezone_are_refused() -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text()
    with pytest.raises(PolicyFileError, match="graze"):
        parse_policy(text + "\nclock: {graze_days: 3}\n")
    with pytest.raises(PolicyFileError, match="timezone"):
        parse_policy(text.replace("Europe/Brussels", "Europe/Atlantis"))


def test_the_hash_is_of_the_content() -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text()
    same = parse_policy("# a comment\n" + text)
    other = parse_policy(text.replace("{EUR: 25}", "{EUR: 26}"))
    assert parse_policy(text).hash == same.hash != other.hash


class _LaterSection(PolicySection):
    share: float = 0.5


class _LaterDocument(PolicyDocument):
    """The form of a later release, with more that a file may say."""

    later: _LaterSection = Field(default_factory=_LaterSection)
    much_later: _LaterSection | None = None


@pytest.mark.parametrize("path", shipped_policies(), ids=lambda path: path.stem)
def test_what_a_file_does_not_use_changes_no_hash(path: Path) -> None:
    policy = load_policy(path)
    full = policy.document.model_dump(mode="json", by_alias=True)
    assert Policy(parse_document(full, "test")).hash == policy.hash
    later = Policy(_LaterDocument.model_validate(full))
    assert later.hash == policy.hash
    used = Policy(_LaterDocument.model_validate(full | {"later": {"share": 0.6}}))
    assert used.hash != policy.hash


def test_a_default_stays_what_it_is_while_the_form_has_the_same_number() -> None:
    """A hash leaves defaults out: one that changed would be two rules of one hash.

    `policy_defaults.json` was written by `_defaults`. A new default is added to it.
    """
    file = Path(__file__).with_name("policy_defaults.json")
    assert _defaults() == json.loads(file.read_text())


def _defaults() -> dict[str, Any]:
    """The default of every field of every section, as the JSON Schema says it."""
    schema = json_schema()
    return {
        f"{section}.{name}": field["default"]
        for section, form in sorted({"": schema, **schema["$defs"]}.items())
        for name, field in sorted(form.get("properties", {}).items())
        if "default" in field
    }


def test_plain_texts_and_texts_by_language_are_both_read() -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text()
    plain = text + "\nfraud_path: {terms_clause: '9', evidence_any: [{kind: '*'}]}\n"
    document = parse_policy(plain).document
    assert document.text_in("Unpaid", "en") == "Unpaid"
    assert document.text_in("Unpaid", "fr") == ""
    assert document.own({"fr": "Impayé"}) == "Impayé"
    path = document.fraud_path
    assert path is not None
    assert all(document.text_in(path.wording, lang) for lang in LANGUAGES)
    with pytest.raises(PolicyFileError, match="title"):
        parse_policy(text.replace("  fr: Politique", "  Français: Politique"))


def test_amendments_apply_from_their_local_day() -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text() + (
        "\namendments:\n"
        "  - {from: 2026-09-01, set: {materiality: {EUR: 60}}, because: costs rose}\n"
    )
    policy = parse_policy(text)
    before = policy.in_force(datetime(2026, 8, 31, 21, 59, tzinfo=UTC))
    after = policy.in_force(datetime(2026, 8, 31, 22, 0, tzinfo=UTC))
    assert before is not None
    assert after is not None
    assert (before.materiality, after.materiality) == (25.0, 60.0)
    assert policy.in_force(datetime(1999, 12, 31, 22, 0, tzinfo=UTC)) is None
    starts = [f"{start:%Y-%m-%d %H:%M}" for start, _ in policy.versions]
    assert starts[-1] == "2026-09-01 00:00"  # of its own place


def test_an_amendment_that_breaks_the_schema_is_refused() -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text() + (
        "\namendments:\n  - {from: 2026-09-01, set: {mode: luck}, because: why not}\n"
    )
    with pytest.raises(PolicyFileError, match="2026-09-01"):
        parse_policy(text)


def test_published_settlement_days_are_compared_with_the_portfolio() -> None:
    days = {"direct_debit": 5, "bank_transfer": 2, "cheque": 10}
    assert default_policy().settlement_conflicts(days) == ["bank_transfer"]
