"""Alerts and audit records of both APIs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.importing.partner_center.conftest import (
    EXPORTED,
    Import,
    Read,
)
from tests.importing.partner_center.objects import (
    LICENSE,
    audit,
    fraud_event,
    page,
    security_alert,
    status_change,
    write_json,
)

KINDS = [
    ("networkConnectionsToCryptoMiningPools", "crypto_mining"),
    ("usageAnomalyDetection", "spend_anomaly"),
    ("multiRegionMachineLearningUsageAnomaly", "spend_anomaly"),
    ("virtualMachineDeploymentAnomaly", "vm_anomaly"),
    ("multiRegionVirtualMachineScaleSetDeploymentAnomaly", "vm_anomaly"),
    ("serviceHealthSecurityAdvisory", "security_advisory"),
]


@pytest.mark.parametrize(("documented", "kind"), KINDS)
def test_each_kind_of_alert_has_a_meaning_in_both_apis(
    run: Import, rows: Read, tmp_path: Path, documented: str, kind: str
) -> None:
    event_type = documented[0].upper() + documented[1:]
    graph = {"value": [security_alert(alertType=documented)]}
    report = run(
        write_json(tmp_path / "alerts.json", graph),
        write_json(tmp_path / "events.json", [fraud_event(eventType=event_type)]),
    )

    assert {(r["kind"], r["status"]) for r in rows("alerts")} == {(kind, "active")}
    assert report.is_clean


def test_an_alert_goes_through_what_its_log_says(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    steps = [
        ("active", "investigating", "2026-06-10T17:00:00.8454142Z"),
        ("investigating", "resolved", "2026-06-11T09:00:00Z"),
    ]
    entries = [
        {"statusFrom": a, "statusTo": b, "updatedDateTime": at} for a, b, at in steps
    ]
    ended = {"status": "resolved", "resolvedReason": "fraud", "activityLogs": entries}
    run(write_json(tmp_path / "alerts.json", {"value": [security_alert(**ended)]}))

    states = [
        (r["status"], r["event_at"].day, r["resolved_reason"]) for r in rows("alerts")
    ]
    assert states == [
        ("active", 10, None),
        ("investigating", 10, None),
        ("resolved", 11, "fraud"),
    ]


def test_a_log_in_a_text_is_read_and_one_that_is_none_is_counted(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    resolved = {"statusTo": "Resolved", "dateTime": "2026-06-12T12:34:27.80+05:30"}
    ended = {"eventStatus": "Resolved", "resolvedReason": "Ignore"}
    events = [
        fraud_event(activityLogs=json.dumps([resolved]), **ended),
        fraud_event(
            eventId="other",
            activityLogs="{{",
            resolvedOn="2026-06-11T11:25:45.69",
            **ended,
        ),
    ]
    report = run(write_json(tmp_path / "events.json", events))

    ends = {
        r["alert_id"]: (r["event_at"], r["resolved_reason"])
        for r in rows("alerts")
        if r["status"] == "resolved"
    }
    assert ends == {
        "2a7064fb_2edeb5b1": (
            datetime(2026, 6, 12, 7, 4, 27, 800_000, tzinfo=UTC),
            "ignore",
        ),
        "other": (datetime(2026, 6, 11, 11, 25, 45, 690_000, tzinfo=UTC), "ignore"),
    }
    assert any("no list" in note.text for note in report.notes)


def test_a_state_without_a_date_is_known_since_the_export(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    alert = security_alert(status="investigating")
    run(write_json(tmp_path / "alerts.json", {"value": [alert]}))

    assert rows("alerts")[-1]["known_at"] == EXPORTED


def test_alerts_that_are_tests_are_left_out(run: Import, tmp_path: Path) -> None:
    alerts = [
        security_alert(isTest=is_test, id=str(is_test)) for is_test in (True, "true")
    ]
    report = run(write_json(tmp_path / "alerts.json", {"value": alerts}))

    assert [t.n_made for t in report.tables if t.table == "alerts"] == [0]


def test_an_unknown_alert_is_kept_and_named(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    alert = security_alert(alertType="newKind", severity="informational")
    report = run(write_json(tmp_path / "alerts.json", {"value": [alert]}))

    assert [(r["kind"], r["severity"]) for r in rows("alerts")] == [
        ("newkind", "informational")
    ]
    assert [v.value for v in report.unknown_values] == ["newkind"]


def test_an_empty_page_means_there_are_none(run: Import, tmp_path: Path) -> None:
    context = (
        "https://graph.microsoft.com/beta/$metadata#security/partner/securityAlerts"
    )
    none = {"@odata.context": context, "value": []}
    report = run(write_json(tmp_path / "page.json", none))

    assert report.observed == {"alerts": EXPORTED}


def test_access_that_was_taken_and_given_back_is_told(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    back = status_change("suspended", "active", "2026-06-20T08:00:00Z")
    records = [
        status_change("active", "suspended", "2026-06-12T08:00:00Z"),
        status_change("suspended", "suspended", "2026-06-13T08:00:00Z"),
        back | {"userPrincipalName": None},
        status_change("active", "suspended", "2026-06-21T08:00:00Z")
        | {"operationStatus": "failed"},
    ]
    run(write_json(tmp_path / "audit.json", page(*records)))

    acts = [
        (r["action"], r["event_at"].day, r["by"], r["subscription_id"])
        for r in rows("actions")
    ]
    assert acts == [
        ("suspend", 12, "person", LICENSE),
        ("reactivate", 20, "automation", LICENSE),
    ]


def test_operations_on_accounts_are_access(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    operations = [
        ("add_customer", "sign_up"),
        ("reset_customer_user_password", "password_reset"),
        ("add_user_member", "role_changed"),
        ("increase_spending_limit", "quota_requested"),
        ("create_order", None),
    ]
    records = [
        audit(o, f"2026-06-0{n}T08:00:00Z") for n, (o, _) in enumerate(operations, 1)
    ]
    report = run(write_json(tmp_path / "audit.json", page(*records)))

    assert [r["kind"] for r in rows("access")] == [k for _, k in operations if k]
    assert report.is_clean


def test_an_alert_that_is_opened_again_keeps_its_first_detection(
    run: Import, rows: Read, tmp_path: Path
) -> None:
    steps = [("resolved", "2026-06-12T00:00:00Z"), ("active", "2026-06-20T00:00:00Z")]
    entries = [{"statusTo": to, "updatedDateTime": at} for to, at in steps]
    alert = security_alert(activityLogs=entries)
    for days in (0, 1):
        file = write_json(tmp_path / "alerts.json", {"value": [alert]})
        run(file, at=EXPORTED + timedelta(days=days))

    assert [(r["status"], r["event_at"].day) for r in rows("alerts")] == [
        ("active", 10),
        ("resolved", 12),
        ("active", 20),
    ]
