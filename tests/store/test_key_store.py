"""What every store of keys promises, whatever keeps it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from store.errors import (
    BadKeyNameError,
    RotationRunningError,
    UnknownKeyError,
    UnknownScopeError,
)
from store.keys import SCOPES, KeyStore
from tests.store.conftest import OpenKeys


def test_a_created_key_is_recognised(keys: KeyStore) -> None:
    key, text = keys.create("billing")
    assert keys.verify(text) == key
    assert key.may("score")
    assert key.may("read")


def test_a_read_key_may_not_score(keys: KeyStore) -> None:
    key, _ = keys.create("auditor", "read")
    assert key.may("read")
    assert not key.may("score")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda text: text[:-1], id="one character short"),
        pytest.param(lambda text: text + "0", id="one character long"),
        pytest.param(lambda text: "xx" + text[2:], id="another prefix"),
        pytest.param(lambda text: text.upper(), id="upper case"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "fb__", id="only separators"),
        pytest.param(lambda text: text[:16] + "é" * 64, id="not ASCII"),
    ],
)
def test_a_damaged_key_is_refused(keys: KeyStore, damage: Callable[[str], str]) -> None:
    _, text = keys.create("billing")
    assert keys.verify(damage(text)) is None


def test_the_secret_is_not_kept(keys: KeyStore) -> None:
    key, text = keys.create("billing")
    secret = text.split("_")[2]
    known, kept = keys.lookup(key.key_id) or (None, b"")
    assert known == key
    assert kept not in (secret.encode(), bytes.fromhex(secret))


def test_revoking_is_seen_by_another_process(
    keys: KeyStore, open_keys: OpenKeys
) -> None:
    key, text = keys.create("billing")
    other = open_keys()
    other.revoke(key.key_id)
    other.close()
    assert keys.verify(text) is None
    assert keys.listed()[0].revoked_at
    with pytest.raises(UnknownKeyError):
        keys.revoke(key.key_id)


def test_keys_are_listed_in_order_without_secrets(keys: KeyStore) -> None:
    names = ["billing", "audit", "another"]
    texts = [keys.create(name)[1] for name in names]
    assert [key.name for key in keys.listed()] == names
    assert all(text.split("_")[2] not in repr(keys.listed()) for text in texts)


def test_an_auditor_reads_and_does_nothing(keys: KeyStore) -> None:
    key, _ = keys.create("auditor", "audit")
    assert [scope for scope in SCOPES if key.may(scope)] == ["read", "audit"]


def test_a_key_ends_when_it_expires(keys: KeyStore) -> None:
    now = datetime.now(UTC)
    _, over = keys.create("over", expires_at=now - timedelta(seconds=1))
    key, good = keys.create("good", expires_at=now + timedelta(hours=1))
    assert keys.verify(over) is None
    assert keys.verify(good) == key


def test_both_secrets_are_good_while_a_key_is_rotated(keys: KeyStore) -> None:
    key, first = keys.create("billing", customers="eu-", rate_limit="5/second")
    rotated, second = keys.rotate(key.key_id, timedelta(hours=1))
    assert first != second
    assert keys.verify(first) == keys.verify(second) == rotated
    assert (rotated.customers, rotated.rate_limit) == ("eu-", "5/second")
    with pytest.raises(RotationRunningError, match="good until"):
        keys.rotate(key.key_id, timedelta(hours=1))  # `first` may be in use still
    assert keys.verify(first) is not None
    _, third = keys.rotate(key.key_id, timedelta(0))
    assert [keys.verify(text) is None for text in (first, second, third)] == [
        True,
        True,
        False,
    ]
    keys.revoke(key.key_id)
    assert keys.verify(third) is None
    with pytest.raises(UnknownKeyError):
        keys.rotate(key.key_id, timedelta(hours=1))


def test_a_key_may_be_for_some_customers_only(keys: KeyStore) -> None:
    key, _ = keys.create("north", customers="north-")
    named = ["north-1", "north", "south-1", ""]
    assert [key.may_name(name) for name in named] == [True, False, False, False]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_key_needs_a_name(keys: KeyStore, name: str) -> None:
    with pytest.raises(BadKeyNameError):
        keys.create(name)
    assert keys.listed() == []


def test_a_key_has_a_scope_there_is(keys: KeyStore) -> None:
    with pytest.raises(UnknownScopeError, match="one of score, events, read"):
        keys.create("billing", "everything")
