"""What ships in data/samples is what its README says, and nothing more."""

import hashlib
import re
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
NAMES = ("lumen", "taiwan")


@pytest.mark.parametrize("name", NAMES)
def test_every_file_has_the_hash_its_readme_states(name: str) -> None:
    stated = dict(
        re.findall(
            r"\| `(\S+)` \|(?:.*\|)? `([0-9a-f]{64})` \|",
            (SAMPLES / name / "README.md").read_text(),
        )
    )
    tables = list((SAMPLES / name).glob("*.parquet"))
    assert tables
    for path in tables:
        assert stated[path.name] == hashlib.sha256(path.read_bytes()).hexdigest()


def test_samples_stay_small() -> None:
    for name in NAMES:
        size = sum(path.stat().st_size for path in (SAMPLES / name).iterdir())
        assert size < 12_000_000


def test_taiwan_holds_nothing_protected_and_nobody_is_missing() -> None:
    columns = {
        column
        for path in (SAMPLES / "taiwan").glob("*.parquet")
        for column in pq.read_schema(path).names
    }
    assert not columns & {"sex", "age", "marriage", "education", "SEX", "AGE"}
    ageing = pq.read_table(SAMPLES / "taiwan" / "ageing.parquet")
    outcomes = pq.read_table(SAMPLES / "taiwan" / "outcomes.parquet")
    assert (ageing.num_rows, outcomes.num_rows) == (180_000, 6_636)
    assert pc.max(ageing["days_past_due"]).as_py() == 240
    as_of = pq.read_table(SAMPLES / "taiwan" / "snapshots.parquet")["event_at"]
    assert pc.max(ageing["known_at"]).as_py() < pc.min(as_of).as_py()
    assert pc.min(outcomes["event_at"]).as_py() > pc.max(as_of).as_py()
