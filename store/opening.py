"""Opens the stores of a state folder: the one place that names an implementation."""

from pathlib import Path

from store.decisions import DecisionReader, DecisionStore
from store.keys import KeyStore
from store.sqlite import SqliteDecisionReader, SqliteDecisionStore, SqliteKeyStore


def open_decision_store(home: Path) -> DecisionStore:
    """Made where there is none. Raises StoreUnavailableError."""
    return SqliteDecisionStore(home / "decisions.sqlite")


def open_decision_reader(home: Path) -> DecisionReader:
    """Raises NoDecisionsError if nothing was ever recorded there."""
    return SqliteDecisionReader.open(home / "decisions.sqlite")


def open_key_store(home: Path) -> KeyStore:
    """Made where there is none. Raises KeyStoreUnavailableError."""
    return SqliteKeyStore(home / "keys.sqlite")
