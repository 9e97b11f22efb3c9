from pathlib import Path

import pytest

from serving.key_store import BadKeyNameError, KeyStore, UnknownKeyError


@pytest.fixture
def keys(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "state" / "keys.sqlite")


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
def test_a_damaged_key_is_refused(keys: KeyStore, damage: object) -> None:
    _, text = keys.create("billing")
    assert callable(damage)
    assert keys.verify(damage(text)) is None


def test_the_secret_is_not_in_the_file(keys: KeyStore, tmp_path: Path) -> None:
    _, text = keys.create("billing")
    keys.close()
    secret = text.split("_")[2]
    for file in (tmp_path / "state").iterdir():
        assert secret.encode() not in file.read_bytes()
        assert bytes.fromhex(secret) not in file.read_bytes()


def test_only_the_owner_may_read_the_file(keys: KeyStore, tmp_path: Path) -> None:
    assert (tmp_path / "state" / "keys.sqlite").stat().st_mode & 0o077 == 0


def test_revoking_is_seen_by_another_process(keys: KeyStore, tmp_path: Path) -> None:
    key, text = keys.create("billing")
    other = KeyStore(tmp_path / "state" / "keys.sqlite")
    other.revoke(key.key_id)
    assert keys.verify(text) is None
    with pytest.raises(UnknownKeyError):
        keys.revoke(key.key_id)


def test_keys_are_listed_in_order_without_secrets(keys: KeyStore) -> None:
    names = ["billing", "audit", "another"]
    texts = [keys.create(name)[1] for name in names]
    assert [key.name for key in keys.listed()] == names
    assert all(text.split("_")[2] not in repr(keys.listed()) for text in texts)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101])
def test_a_key_needs_a_name(keys: KeyStore, name: str) -> None:
    with pytest.raises(BadKeyNameError):
        keys.create(name)
