import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Client, Response

from serving.answer import SCORE_ANSWER
from wording.answer import reason_key
from wording.messages import messages

Asked = dict[str, Any]


def problem(client: Client, content: object, **headers: str) -> dict[str, Any]:
    answer = client.post("/v1/score", json=content, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    assert found["type"] == f"urn:forbear:problem:{found['code']}"
    return found


def test_an_answer_says_everything_it_must(client: Client, asked: Asked) -> None:
    answer = client.post("/v1/score", json=asked)
    assert answer.status_code == 200
    said = SCORE_ANSWER.validate_json(answer.content)
    assert said.customer_id == "acme"
    for score in (said.scores.fraud, said.scores.nonpayment):
        assert score.probability is not None
        assert 0 < score.probability < 1
        assert (score.model, score.horizon_days) == ("champion", 90)
    assert said.exposure.open == 468.0
    assert said.exposure.overdue == 234.0
    assert said.exposure.days_overdue == 31  # due 31 May, asked on 1 July in Brussels
    assert said.action is not None
    assert said.proposal is not None
    assert said.proposal.expected_cost is not None
    assert len(said.proposal.expected_cost) == 6
    assert said.scores.nonpayment.thresholds[0].probability == 0.0
    assert said.reasons is not None
    assert 1 <= len(said.reasons) <= 4
    assert said.reasons[0].family == "lateness"
    assert said.versions.bundles.keys() == {"fraud", "nonpayment"}
    assert said.question.missing == ()


def test_reasons_where_nothing_is_recommended_are_given_when_asked_for(
    client: Client, asked: Asked
) -> None:
    asked["events"]["invoices"] = []  # nothing is owed
    silent = client.post("/v1/score", json=asked).json()
    assert silent["action"] == "none"
    assert silent["reasons"] is None
    told = client.post("/v1/score", json={**asked, "explain": "always"}).json()
    assert told["reasons"] is not None
    varies = ("decision_id", "recorded_at", "reasons")
    assert {k: v for k, v in told.items() if k not in varies} == {
        k: v for k, v in silent.items() if k not in varies
    }


def test_a_decision_reads_back_as_the_same_bytes(client: Client, asked: Asked) -> None:
    answer = client.post("/v1/score", json=asked)
    again = client.get(f"/v1/decisions/{answer.json()['decision_id']}")
    assert again.content == answer.content


def test_as_of_is_now_when_absent(client: Client, asked: Asked) -> None:
    del asked["as_of"]
    said = client.post("/v1/score", json=asked).json()
    as_of = datetime.fromisoformat(said["as_of"])
    assert abs(datetime.now(UTC) - as_of) < timedelta(minutes=1)


def test_what_was_not_looked_at_is_unknown_never_zero(
    client: Client, asked: Asked
) -> None:
    del asked["events"]["invoices"]
    said = client.post("/v1/score", json=asked).json()
    assert "tables.invoices" in said["question"]["missing"]
    assert said["exposure"]["open"] is None
    assert said["action"] is None
    assert said["no_decision"]["code"] == "unknown_money"
    assert said["proposal"] is None
    assert said["scores"]["nonpayment"]["probability"] is not None


def test_later_events_change_nothing(client: Client, asked: Asked) -> None:
    before = client.post("/v1/score", json=asked).json()
    paid = {
        "payment_id": "p-9",
        "status": "succeeded",
        "amount": 468,
        "event_at": "2026-07-02T10:00:00Z",
    }
    asked["events"]["payments"] = [*asked["events"]["payments"], paid]
    after = client.post("/v1/score", json=asked).json()
    for part in ("scores", "exposure", "action", "proposal", "reasons"):
        assert after[part] == before[part]


def test_unknown_columns_are_ignored_with_a_warning(
    client: Client, asked: Asked
) -> None:
    asked["events"]["customers"] = [
        {**asked["events"]["customers"][0], "shoe_size": 43}
    ]
    said = client.post("/v1/score", json=asked).json()
    assert said["warnings"] == ["ignored_column:customers.shoe_size"]


def test_a_long_list_is_cut_and_said_to_be(client: Client, asked: Asked) -> None:
    [invoice] = asked["events"]["invoices"][:1]
    dispute = {"kind": "billing", "status": "opened"}
    dispute["event_at"] = "2026-06-01T04:00:00Z"
    asked["events"]["invoices"] = [
        {**invoice, "invoice_id": f"i{n}"} for n in range(250)
    ]
    asked["events"]["disputes"] = [
        {**dispute, "dispute_id": f"d{n}", "invoice_id": f"i{n}"} for n in range(240)
    ]
    asked["events"]["payments"] = []
    asked["events"]["actions"] = [
        {"action": "suspend", "reason": "nonpayment", "by": "automation"}
        | {"event_at": "2026-06-20T04:00:00Z"}
    ]
    said = client.post("/v1/score", json=asked).json()
    assert len(said["exposure"]["items"]) == len(said["permission"]["holds"]) == 200
    assert any(not hold["protects"] for hold in said["permission"]["holds"])
    cut = [text for text in said["warnings"] if text.startswith("shortened:")]
    assert [text.split(":")[1] for text in cut] == [
        "permission.holds",
        "exposure.items",
    ]
    assert "the first 200 of 250" in cut[1]


def test_invoices_named_by_notices_and_remedies_are_cut_and_said_to_be(
    client: Client, asked: Asked
) -> None:
    [invoice] = asked["events"]["invoices"][:1]
    asked["events"]["invoices"] = [
        {**invoice, "invoice_id": f"i{n}"} for n in range(250)
    ]
    asked["events"]["payments"] = []
    said = client.post("/v1/score", json={**asked, "counterfactuals": True}).json()
    cut = {text.split(":")[1] for text in said["warnings"]}
    assert "counterfactuals.options.invoices" in cut
    named = [option["invoices"] for option in said["counterfactuals"]["options"]]
    assert max(map(len, named)) == 200
    due = [notice["invoices"] for notice in said["follow_up"]["notices_due"]]
    assert max(map(len, due), default=200) == 200
    assert ("follow_up.notices_due.invoices" in cut) == bool(due)


def test_data_that_observe_the_future_are_said(client: Client, asked: Asked) -> None:
    for ahead in ("2090-01-01T00:00:00Z", {"payments": "2090-01-01T00:00:00Z"}):
        said = client.post("/v1/score", json={**asked, "observed_until": ahead}).json()
        assert [text.partition(":")[0] for text in said["warnings"]] == [
            "observed_until_ahead"
        ]


def test_rows_that_act_on_nothing_are_said(client: Client, asked: Asked) -> None:
    paid = {"payment_id": "p-x", "status": "succeeded", "event_at": "2026-06-01"}
    paid |= {"invoice_id": "nobody knows"}
    asked["events"]["payments"] += [{**paid, "amount": 5}, {**paid, "amount": 7}]
    same, unknown = client.post("/v1/score", json=asked).json()["warnings"]
    assert same.startswith("same_key:payments: 1, such as payment_id p-x")
    assert unknown.startswith("unknown_id:payments.invoice_id: 1 (7.00 in all)")


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        pytest.param({"amount": -1}, "negative_amount", "amount", id="below zero"),
        pytest.param(
            {"event_at": "2026-05-01T06:00:00"}, "naive_time", "event_at", id="no zone"
        ),
        pytest.param({"due_at": None}, "due_at_missing", "due_at", id="no due date"),
        pytest.param({"kind": "receipt"}, "unknown_choice", "kind", id="not a kind"),
        pytest.param({"currency": "XTS"}, "unknown_currency", "currency", id="no rate"),
        pytest.param(
            {"customer_id": "other"}, "other_customer", "customer_id", id="not theirs"
        ),
    ],
)
def test_a_bad_row_refuses_the_request_and_is_named(
    client: Client, asked: Asked, row: dict[str, Any], rule: str, column: str
) -> None:
    first, second = asked["events"]["invoices"]
    asked["events"]["invoices"] = [first, {**second, **row}]
    found = problem(client, asked)
    assert found["code"] == "invalid_rows"
    assert found["status"] == 422
    [error] = found["errors"]
    assert error["rule"] == rule
    assert error["pointer"] == f"/events/invoices/1/{column}"
    assert (error["table"], error["row"], error["column"]) == ("invoices", 1, column)


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        pytest.param({"customer_id": ""}, "invalid_request", "/customer_id", id="id"),
        pytest.param(
            {"customer_id": "a\x00b"}, "invalid_request", "/customer_id", id="a NUL"
        ),
        pytest.param(
            {"as_of": "2026-06-30T22:00:00"}, "invalid_request", "/as_of", id="naive"
        ),
        pytest.param(
            {"events": {"invoice": []}},
            "invalid_request",
            "/events/invoice",
            id="unknown table",
        ),
        pytest.param(
            {"events": {"invoices": [1]}},
            "invalid_request",
            "/events/invoices/0",
            id="a row that is none",
        ),
        pytest.param({"event": {}}, "invalid_request", "/event", id="unknown field"),
        pytest.param({"as_of": 1e9}, "invalid_request", "/as_of", id="a number"),
        pytest.param(
            {"as_of": "1782856800"}, "invalid_request", "/as_of", id="seconds as text"
        ),
        pytest.param(
            {"as_of": "0001-01-01T00:00:00Z"},
            "invalid_request",
            "/as_of",
            id="before all time",
        ),
        pytest.param(
            {"as_of": "1900-01-01T00:00:00Z"},
            "invalid_request",
            "/as_of",
            id="before what data tell of",
        ),
        pytest.param(
            {"events": {"a/b~c": []}},
            "invalid_request",
            "/events/a~1b~0c",
            id="a name with the signs of a pointer",
        ),
        pytest.param(
            {"observed_until": "2026-06-30"},
            "invalid_request",
            "/observed_until",
            id="observed until a day",
        ),
        pytest.param(
            {"observed_until": {"payments": 1e9}},
            "invalid_request",
            "/observed_until/payments",
            id="a table observed until a number",
        ),
        pytest.param({"as_of": "2999-01-01T00:00:00Z"}, "as_of_in_future", None),
    ],
)
def test_a_request_of_another_form_is_refused(
    client: Client,
    asked: Asked,
    change: dict[str, Any],
    code: str,
    pointer: str | None,
) -> None:
    found = problem(client, {**asked, **change})
    assert (found["status"], found["code"]) == (422, code)
    if pointer is not None:
        (error,) = found["errors"]
        assert error["pointer"] == pointer
        assert "should" not in error["message"]  # pydantic's words: not what to do


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"customer_id": NaN}',
        b"\xff",
        b"[" * 10_000,
        b'{"customer_id": "\\ud800"}',
    ],
    ids=["empty", "cut off", "NaN", "not UTF-8", "nested deep", "half a character"],
)
def test_what_is_not_json_is_refused(client: Client, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    answer = client.post("/v1/score", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed_json")


def test_a_large_body_is_refused_before_it_is_read(
    client: Client, asked: Asked
) -> None:
    asked["events"]["access"] = [{"kind": "sign_in", "ip_id": "i" * 300_000}]
    assert problem(client, asked)["code"] == "body_too_large"


def test_a_large_body_without_a_length_is_refused(client: Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(300):
            yield b" " * 1_000

    headers = {"content-type": "application/json"}
    answer = client.post("/v1/score", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


@pytest.mark.parametrize(
    ("send", "status", "code"),
    [
        pytest.param(
            lambda c: c.get("/v2/score"), 404, "not_found", id="unknown address"
        ),
        pytest.param(
            lambda c: c.get("/v1/policy/"), 404, "not_found", id="one slash too many"
        ),
        pytest.param(
            lambda c: c.get("/v1/score"), 405, "method_not_allowed", id="method"
        ),
        pytest.param(
            lambda c: c.post("/v1/score", content=b"a=1"),
            415,
            "unsupported_media_type",
            id="no media type",
        ),
        pytest.param(
            lambda c: c.post(
                "/v1/score",
                content=b"",
                headers={
                    "content-type": "application/json",
                    "content-encoding": "gzip",
                },
            ),
            415,
            "unsupported_media_type",
            id="compressed",
        ),
        pytest.param(
            lambda c: c.get("/v1/decisions/d0"), 404, "unknown_decision", id="decision"
        ),
        pytest.param(
            lambda c: c.get("/v1/policy", headers={"authorization": ""}),
            401,
            "missing_key",
            id="no key",
        ),
        pytest.param(
            lambda c: c.get("/v1/policy", headers={"authorization": "Bearer fb_1_2"}),
            401,
            "invalid_key",
            id="unknown key",
        ),
    ],
)
def test_every_refusal_is_a_problem_with_a_code(
    client: Client, send: Callable[[Client], Response], status: int, code: str
) -> None:
    answer = send(client)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_the_same_idempotency_key_gives_the_same_answer(
    client: Client, asked: Asked
) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post("/v1/score", json=asked, headers=headers)
    second = client.post("/v1/score", json=asked, headers=headers)
    assert second.content == first.content
    assert second.headers["idempotent-replay"] == "true"
    asked["customer_id"] = "other"
    assert problem(client, asked, **headers)["code"] == "idempotency_key_reused"


def test_without_an_idempotency_key_every_request_is_a_decision(
    client: Client, asked: Asked
) -> None:
    ids = {client.post("/v1/score", json=asked).json()["decision_id"] for _ in "ab"}
    assert len(ids) == 2


def test_the_policy_is_published_as_data(client: Client) -> None:
    said = client.get("/v1/policy").json()
    assert said["reference"].startswith("reseller-default@")
    assert said["document"]["currency"] == "EUR"


def test_the_answer_is_plain_json_without_nan(client: Client, asked: Asked) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    content = client.post("/v1/score", json=asked).content
    json.loads(content, parse_constant=refuse)


def test_what_would_change_the_action_is_said_when_asked(
    client: Client, asked: Asked
) -> None:
    plain = client.post("/v1/score", json=asked).json()
    assert plain["counterfactuals"] is None
    said = client.post("/v1/score", json={**asked, "counterfactuals": True}).json()
    found = said.pop("counterfactuals")
    assert found["code"] == "found"
    first = found["options"][0]
    assert (first["kind"], first["amount"]) == ("pay_oldest", 234.0)
    assert (first["invoices"], first["currency"]) == (["4711"], "EUR")
    assert first["leads_to"] == "none"
    assert said["action"] == plain["action"] != "none"
    payment = {
        "payment_id": "later",
        "status": "succeeded",
        "amount": first["amount"],
        "invoice_id": "4711",
        "event_at": asked["as_of"],
    }
    asked["events"]["payments"] = [*asked["events"]["payments"], payment]
    then = client.post("/v1/score", json=asked).json()
    assert then["action"] == first["leads_to"]
    assert then["scores"]["nonpayment"]["probability"] == first["p_nonpayment"]


def test_asking_for_counterfactuals_takes_a_boolean(
    client: Client, asked: Asked
) -> None:
    found = problem(client, {**asked, "counterfactuals": "yes"})
    assert found["code"] == "invalid_request"
    assert found["errors"][0]["pointer"] == "/counterfactuals"


def test_an_answer_names_its_models_and_what_covers_each_invoice(
    client: Client, asked: Asked
) -> None:
    said = client.post("/v1/score", json=asked).json()
    assert {score["model"] for score in said["scores"].values()} == {"champion"}
    assert said["question"]["mode"] == "cost"
    items = said["exposure"]["items"]
    owed = sum(item["remainder"] - item["contested"] for item in items)
    assert owed == said["exposure"]["open"]
    assert said["exposure"]["unallocated"] in (None, 0.0)


def test_without_contacts_a_notice_is_asked_for_once(
    client: Client, asked: Asked
) -> None:
    asked["customer_id"] = "nobody-records"
    del asked["events"]["contacts"]
    first = client.post("/v1/score", json=asked).json()
    assert [due["notice"] for due in first["follow_up"]["notices_due"]] == [
        "reminder_1"
    ]
    at = datetime.fromisoformat(first["as_of"]) + timedelta(hours=20)
    asked["as_of"] = at.isoformat()
    assert client.post("/v1/score", json=asked).json()["follow_up"]["notices_due"] == []
    asked["events"]["contacts"] = []
    kept = client.post("/v1/score", json=asked).json()
    assert [due["notice"] for due in kept["follow_up"]["notices_due"]] == ["reminder_1"]


def test_a_table_observed_less_far_is_said_by_name(
    client: Client, asked: Asked
) -> None:
    as_of = datetime.fromisoformat(asked["as_of"])
    asked["observed_until"] = {"holds": (as_of - timedelta(days=9)).isoformat()}
    assert client.post("/v1/score", json=asked).json()["no_decision"] is None
    asked["observed_until"] = {"shoes": as_of.isoformat()}
    assert problem(client, asked)["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("language", "header", "answered"),
    [
        pytest.param(None, None, "en", id="English unless asked"),
        pytest.param("de", None, "de", id="of the request"),
        pytest.param(None, "fr-CA, en;q=0.5", "fr", id="of the header"),
        pytest.param("pt-BR", "de", "pt-BR", id="the request goes first"),
        pytest.param(None, "it, *;q=0.1", "en", id="English where none is known"),
        pytest.param(None, "de;q=0, fr;q=x, pt;q=0.2", "pt-BR", id="by weight"),
    ],
)
def test_an_answer_speaks_the_language_asked_for(
    client: Client,
    asked: Asked,
    language: str | None,
    header: str | None,
    answered: str,
) -> None:
    del asked["events"]["invoices"]
    headers = {} if header is None else {"Accept-Language": header}
    body = asked if language is None else asked | {"language": language}
    said = client.post("/v1/score", json=body, headers=headers).json()
    assert said["language"] == answered
    assert said["no_decision"]["code"] == "unknown_money"
    if answered != "en":  # English comes with the recommendation
        own = messages(answered)["staff.no_decision.unknown_money"]
        assert said["no_decision"]["sentence"] == own


def test_a_language_without_messages_is_refused(client: Client, asked: Asked) -> None:
    found = problem(client, asked | {"language": "it"})
    assert found["code"] == "invalid_request"
    assert found["errors"][0]["pointer"] == "/language"


def test_only_sentences_differ_between_languages(client: Client, asked: Asked) -> None:
    english, german = (
        client.post("/v1/score", json=asked | {"language": language}).json()
        for language in ("en", "de")
    )
    lateness = [answer["reasons"][0]["customer"] for answer in (english, german)]
    key = f"customer.reason_of.{reason_key(lateness[0])}"
    assert lateness[1] == messages("de")[key]
    assert without_sentences(german) == without_sentences(english)


def without_sentences(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        own = {"language", "decision_id", "recorded_at", "sentence", "customer"}
        return {k: without_sentences(v) for k, v in value.items() if k not in own}
    return [without_sentences(v) for v in value] if isinstance(value, list) else value


def test_a_payment_of_today_without_a_time_is_said_to_count_tomorrow(
    client: Client, asked: Asked
) -> None:
    """It does not take the overdue money away yet, which surprises whoever sent it."""
    asked |= {"as_of": "2026-06-30T10:00:00Z"}
    paid = {"payment_id": "p-today", "status": "succeeded", "amount": 234}
    row = {**paid, "invoice_id": "4711", "event_at": "2026-06-30"}
    plain = client.post("/v1/score", json=asked).json()
    assert not any("dated_today" in text for text in plain["warnings"])
    events = asked["events"]
    events["payments"] = [*events.get("payments", []), row]
    said = client.post("/v1/score", json=asked).json()
    assert said["exposure"]["overdue"] == plain["exposure"]["overdue"]
    [warning] = [text for text in said["warnings"] if "dated_today" in text]
    assert "2026-06-30T21:59:59.999999+00:00" in warning


def test_a_notice_by_a_name_that_the_policy_does_not_have_is_said_to_count_for_nothing(
    client: Client, asked: Asked
) -> None:
    """Else the answer says that the first reminder was not sent, and nothing why."""
    sent = {"kind": "notice_delivered", "event_at": "2026-06-08T08:00:00Z"}

    def warned(**notice: str) -> list[str]:
        asked["events"]["contacts"] = [{**sent, **notice}]
        answer = client.post("/v1/score", json=asked).json()
        assert answer["exposure"]["overdue"]
        return [text for text in answer["warnings"] if "unknown_notice" in text]

    assert warned(notice="reminder_1") == []
    assert warned(notice="mahnung_1", policy="former@3") == []
    [warning] = warned(notice="mahnung_1")
    assert warning.startswith("unknown_notice:contacts.notice: mahnung_1: ")
    assert "accept_notices" in warning
    asked["events"]["invoices"] = []
    asked["events"]["contacts"] = [{**sent, "notice": "mahnung_1"}]
    told = client.post("/v1/score", json=asked).json()["warnings"]
    assert not any("unknown_notice" in text for text in told)
