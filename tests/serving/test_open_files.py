"""Connections that a process may hold, by its limit of open files."""

import resource

import pytest

from serving.open_files import room_for_connections


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The limit that is in force last; soft and hard."""
    limits = [(1_024, 524_288)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
    return limits


def test_the_usual_limit_of_a_shell_is_raised(limit: list[tuple[int, int]]) -> None:
    """1,000 connections and the store's files are more than 1,024."""
    assert room_for_connections(1_000) == 1_000
    assert limit[-1] == (1_100, 524_288)
    assert room_for_connections(900) == 900
    assert len(limit) == 2  # enough by now


def test_what_the_system_does_not_allow_is_said(
    limit: list[tuple[int, int]], caplog: pytest.LogCaptureFixture
) -> None:
    limit.append((256, 512))
    assert room_for_connections(1_000) == 412
    assert limit[-1] == (512, 512)
    assert "at most 412 connections instead of 1000" in caplog.text
    limit.append((60, 60))
    assert room_for_connections(1_000) == 15
    limit.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert room_for_connections(1_000) == 1_000
