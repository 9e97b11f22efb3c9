"""`forbear access-request`: one folder, written down, or one line why not."""

import time
from pathlib import Path

from store.opening import open_access_log
from tests.cli.conftest import Run
from tests.execution.test_plan import an_answer, record


def test_what_is_known_is_written_and_that_it_was_asked_for(
    forbear: Run, home: Path, tmp_path: Path
) -> None:
    answer = an_answer(reasons=None, as_of="2026-11-28T10:00:00+00:00")
    answer["scores"] = {one: {"probability": 0.5} for one in ("fraud", "nonpayment")}
    record(home, ("acme", answer), recorded_at=time.time_ns() // 1_000)
    out = tmp_path / "acme"
    ran = forbear("access-request", "acme", "--lang", "de", "--out", out)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"3 files in {out}: data.json, manifest.json, page.html")
    assert "Was wir über Sie wissen" in (out / "page.html").read_text()
    log = open_access_log(home)
    assert [one["what"] for one in log.page(1).entries] == ["forbear access-request"]
    assert "acme" not in str(log.page(1).entries)
    log.close()
    unknown = forbear("access-request", "brix", "--out", tmp_path / "brix")
    assert unknown.err.endswith("[nothing_known]\n")
    assert not (tmp_path / "brix").exists()
