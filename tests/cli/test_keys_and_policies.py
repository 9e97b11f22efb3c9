"""Commands of keys and of policies: what they print, and how they end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from decisions.policy_file.load import SHIPPED

Run = Callable[..., Any]


def test_a_key_is_shown_once_and_listed_without_its_secret(forbear: Run) -> None:
    text = forbear("keys", "create", "--name", "billing").out.strip()
    assert text.startswith("fb_")
    listed = forbear("keys", "list").out
    assert "billing" in listed
    assert "active" in listed
    assert text.split("_")[2] not in listed
    assert forbear("keys", "revoke", text.split("_")[1]).code == 0
    assert "active" not in forbear("keys", "list").out
    assert forbear("keys", "revoke", "k1").err.endswith("[unknown_key]\n")


def test_a_key_may_have_a_rate_of_its_own(forbear: Run) -> None:
    create = "keys", "create", "--name", "billing", "--rate"
    wrong = forbear(*create, "5/fortnight")
    assert wrong.code == 2
    assert "--rate" in wrong.err
    assert "FORBEAR_RATE_LIMIT" not in wrong.err
    assert forbear(*create, "5/second").code == 0
    assert "5/second" in forbear("keys", "list").out


def test_a_list_of_keys_makes_no_store(forbear: Run, home: Path) -> None:
    ran = forbear("keys", "list")
    assert (ran.code, ran.err.split()[-1]) == (2, "[no_decisions]")
    assert not home.exists() or not list(home.iterdir())


def test_the_shipped_policy_passes_and_a_changed_one_does_not(
    forbear: Run, tmp_path: Path
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(forbear("policy", "show").out)
    assert forbear("policy", "check", file).code == 0
    file.write_text(file.read_text().replace("mode: cost", "mode: guess"))
    ran = forbear("policy", "check", file, "--json")
    assert ran.code == 1
    [finding] = json.loads(ran.out)
    assert finding["severity"] == "error"


def test_the_policy_is_published_for_customers(forbear: Run) -> None:
    page = forbear("policy", "publish", "--format", "md").out
    assert page.startswith("# ")
    assert "<html" in forbear("policy", "publish", "--format", "html").out
    assert forbear("policy", "publish", "--lang", "xx").code == 2


def test_the_terms_of_the_day_are_published(forbear: Run, tmp_path: Path) -> None:
    text = (SHIPPED / "plain-timeline.yaml").read_text("utf-8")
    change = "{from: 2026-09-01, set: {materiality: {EUR: 60}}, because: costs rose}"
    path = tmp_path / "mine.yaml"
    path.write_text(f"{text}\namendments: [{change}]\n", "utf-8")
    before = forbear("policy", "publish", path, "--on", "2026-08-31").out
    after = forbear("policy", "publish", path, "--on", "2026-09-01").out
    assert "In force from: **1 September 2026**" in after
    assert "Announced changes" in before
    assert "Announced changes" not in after


def test_a_kill_bill_file_becomes_a_draft(forbear: Run, tmp_path: Path) -> None:
    file = tmp_path / "overdue.xml"
    file.write_text(
        "<overdueConfig><accountOverdueStates><state name='BLOCKED'><condition>"
        "<timeSinceEarliestUnpaidInvoiceEqualsOrExceeds><unit>DAYS</unit>"
        "<number>14</number></timeSinceEarliestUnpaidInvoiceEqualsOrExceeds>"
        "</condition><disableEntitlementAndChangesBlocked>true"
        "</disableEntitlementAndChangesBlocked></state></accountOverdueStates>"
        "</overdueConfig>"
    )
    ran = forbear("policy", "import-killbill", file)
    assert ran.code == 0
    assert "forbear_policy: 1" in ran.out
    assert ran.err
    draft = tmp_path / "draft.yaml"
    draft.write_text(ran.out, "utf-8")
    assert forbear("policy", "check", draft).code == 0


def test_a_kill_bill_file_without_a_rung_is_one_line(
    forbear: Run, tmp_path: Path
) -> None:
    file = tmp_path / "overdue.xml"
    file.write_text("<overdueConfig><accountOverdueStates/></overdueConfig>")
    ran = forbear("policy", "import-killbill", file)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.rstrip().endswith("[nothing_to_import]")
    assert len(ran.err.splitlines()) == 1


def test_the_schema_of_a_policy_is_json(forbear: Run) -> None:
    assert "properties" in json.loads(forbear("policy", "schema").out)
