"""The keys that `forbear tour` leaves people with."""

from unittest.mock import create_autospec

import pytest

from cli.tour_deeds import stay
from cli.tour_stage import Stage
from serving.desk.roles import MAY


def test_with_one_of_the_keys_what_waits_at_the_end_can_be_agreed_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stage = create_autospec(Stage, url="http://here", instance=True)
    stage.new_key.side_effect = lambda _name, role: f"key of {role}"
    monkeypatch.setattr("cli.tour_deeds.time.sleep", _press_ctrl_c)
    stay(stage)
    told = capsys.readouterr().out
    roles = [role for role in MAY if f"key of {role}" in told]
    assert any("approve" in MAY[role] for role in roles)


def _press_ctrl_c(_seconds: float) -> None:
    """Whoever keeps the desk open ends it."""
    raise KeyboardInterrupt
