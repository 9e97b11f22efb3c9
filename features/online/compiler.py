"""One customer's events → one row of features, in microseconds.

Everything that does not depend on the events is worked out once: which tables and
columns are looked at, which filters are shared, where each number goes.
"""

from collections.abc import Mapping

import numpy as np

from features.account import FACT_NAMES, Accounts
from features.account.columns import fact_values
from features.account.standing import Standing
from features.account.values import unchanged
from features.arrays import FloatArray
from features.events import Events
from features.feature import AccountFact, CountryMismatch, LatestAttribute
from features.feature_leaves import RowsLeaf, value_without_rows
from features.feature_numbers import Plan
from features.feature_set import FeatureSet
from features.online.finish_kernel import finish_kernel
from features.online.kernel_rows import KernelRows
from features.online.leaf_kernel import leaf_kernel
from features.online.rows import NAN, KnownColumns, latest
from features.online.windows import FoundRows, TableReader
from features.settings import PortfolioSettings


class OnlineCompiler:
    """The features of one customer, the same numbers as `features.batch` gives.

    With a kernel it holds addresses in memory: it is neither pickled nor copied deeply,
    but made anew of the same arguments.

    Args:
        feature_set: what to compute; categories need its vocabularies.
        settings: of the portfolio; features of tables it does not have are unknown.
    """

    def __init__(self, feature_set: FeatureSet, settings: PortfolioSettings) -> None:
        self._accounts = Accounts(settings)
        self._plan = Plan([f.definition for f in feature_set.features])
        placed = list(enumerate(self._plan.leaves))
        self._empty = [value_without_rows(x, settings.tables) for _, x in placed]
        by_table: dict[str, list[tuple[int, RowsLeaf]]] = {}
        for i, leaf in placed:
            if isinstance(leaf, RowsLeaf):
                by_table.setdefault(leaf.table, []).append((i, leaf))
        self._readers = {t: TableReader(leaves) for t, leaves in by_table.items()}
        facts = [
            (i, FACT_NAMES.index(x.fact))
            for i, x in placed
            if isinstance(x, AccountFact) and x.needs <= settings.tables
        ]
        self._needs_standing = bool(facts)
        self._facts = np.array(facts, dtype=np.int64).reshape(-1, 2).T
        self.finish = finish_kernel(self._plan, facts)
        mismatches = [(i, x) for i, x in placed if isinstance(x, CountryMismatch)]
        latest = [(i, x) for i, x in placed if isinstance(x, LatestAttribute)]
        sides = [side for _, x in mismatches for side in (x.first, x.second)]
        self._latest = tuple(dict.fromkeys([*(x for _, x in latest), *sides]))
        at = {leaf: k for k, leaf in enumerate(self._latest)}
        self._numbers = [(i, at[x], x.equals) for i, x in latest if not x.is_text]
        codes: dict[object, dict[object, float]] = {
            f.definition: {v: float(c) for c, v in enumerate(values)}
            for f in feature_set.features
            if (values := feature_set.vocabularies.get(f.name)) is not None
        }
        self._texts = [(i, at[x], codes.get(x, {})) for i, x in latest if x.is_text]
        self._mismatches = [(i, at[x.first], at[x.second]) for i, x in mismatches]
        vocabularies = {
            f.definition: words
            for f in feature_set.features
            if isinstance(f.definition, LatestAttribute)
            and (words := feature_set.vocabularies.get(f.name)) is not None
        }
        leaves = self._plan.leaves
        self.kernel = leaf_kernel(leaves, self._empty, settings, vocabularies)
        looked_at = {leaf.table for leaf in self._latest}
        self.tables = tuple(sorted(looked_at | self._readers.keys()))

    def __call__(
        self, events: Events, as_of: int, standing: Standing | None = None
    ) -> FloatArray:
        """One row of features, float64 of shape (features,).

        Unknown numbers and values outside a category's vocabulary are NaN.

        Args:
            events: the customer's rows; later ones change nothing.
            as_of: µs since 1970 UTC.
            standing: of the same customer and moment, where somebody has it already.
        """
        if self._needs_standing and standing is None:
            standing = self._accounts.standing(events, as_of)
        return self.kept(events).row(as_of, standing)

    def kept(self, events: Events) -> "KeptRows":
        """One customer's rows, to be read at several moments."""
        return KeptRows(self, events)

    def known(self, events: Events, as_of: int) -> tuple[list[float], list[FoundRows]]:
        """What stays until a row becomes known or is replaced.

        Returns:
            Leaves as they are without rows, but for those that the latest rows tell;
            and the rows of each table, ready for the windows of a moment.
        """
        raw, moment = self._empty.copy(), np.array(as_of, dtype=np.int64)
        found: list[FoundRows] = []
        known: dict[str, KnownColumns] = {}
        for table in self.tables:
            columns = events.tables[table]
            if not len(columns["event_at"]):
                continue
            rows = KnownColumns(columns, moment)
            if rows.n:
                known[table] = rows
                if (reader := self._readers.get(table)) is not None:
                    found.append(FoundRows(reader, rows))
        self._read_latest(known, raw)
        return raw, found

    def finished(
        self, leaves: FloatArray, as_of: int, standing: Standing | None
    ) -> FloatArray:
        """The features from all leaves but the account facts, which are written in."""
        facts = None
        if standing is not None:  # C reads float64
            facts = np.array(fact_values(standing), dtype=np.float64)
        if self.finish is not None:
            return self.finish(leaves, as_of, facts)
        if facts is not None:
            to, places = self._facts
            leaves[to] = facts[places]
        moment = np.array([as_of], dtype=np.int64)
        finished: FloatArray = self._plan.finish(leaves[:, None], moment)[:, 0]
        return finished

    def _read_latest(self, known: Mapping[str, KnownColumns], raw: list[float]) -> None:
        values = [
            None if (rows := known.get(leaf.table)) is None else latest(leaf, rows)
            for leaf in self._latest
        ]
        for i, k, equals in self._numbers:
            if (value := values[k]) is not None:
                raw[i] = float(value if equals is None else value == equals)
        for i, k, codes in self._texts:
            raw[i] = codes.get(values[k], NAN)
        for i, k, other in self._mismatches:
            one, two = values[k], values[other]
            if one is not None and two is not None:
                raw[i] = one != two


class KeptRows:
    """One customer's rows; between two changes of them only windows move.

    Until a row enters or leaves a window all but account facts and ages stay the same.
    Not for two threads at once.
    """

    def __init__(self, compiler: OnlineCompiler, events: Events) -> None:
        self._compiler, self._events = compiler, events
        self._in_c: KernelRows | None = None
        self._raw: list[float] = []
        self._found: list[FoundRows] = []
        self._firsts: list[list[int]] | None = None  # for which `_leaves` were read
        self._leaves = np.empty(0)
        self._read_at: int | None = None
        self._same: tuple[int, int] | None = None  # from when until before when

    def row(self, as_of: int, standing: Standing | None) -> FloatArray:
        """As the compiler gives it; `standing` where account facts are asked for."""
        leaves = self._found_in_c(as_of)
        if leaves is None:
            leaves = self._leaves_at(as_of).copy()
        return self._compiler.finished(leaves, as_of, standing)

    def _found_in_c(self, as_of: int) -> FloatArray | None:
        kernel = self._compiler.kernel
        if kernel is None:
            return None
        if self._in_c is None:
            self._in_c = kernel.rows_of(self._events)
        return kernel.leaves(self._in_c, as_of)

    def _leaves_at(self, as_of: int) -> FloatArray:
        """The leaves without a kernel; read anew where a row enters or leaves."""
        if not self._is_still_known(as_of):
            self._raw, self._found = self._compiler.known(self._events, as_of)
            self._read_at, self._same, self._firsts = as_of, None, None
        moment = np.array(as_of, dtype=np.int64)
        firsts = [rows.firsts(moment) for rows in self._found]
        if firsts != self._firsts:
            raw = self._raw.copy()
            for rows, places in zip(self._found, firsts, strict=True):
                rows.read(places, raw)
            self._firsts, self._leaves = firsts, np.array(raw, dtype=np.float64)
        return self._leaves

    def _is_still_known(self, as_of: int) -> bool:
        if self._read_at is None:
            return False
        if self._same is None:  # most customers are looked at once
            tables = (self._events.tables[name] for name in self._compiler.tables)
            self._same = unchanged(tables, self._read_at)
        return self._same[0] <= as_of < self._same[1]
