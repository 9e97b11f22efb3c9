"""One id that files tell twice, with other content: which of them counts is a guess."""

from collections.abc import Collection, Sequence
from typing import Any

from importing.report import LOOK_AT, Note

_MAKE = "CREATE TABLE IF NOT EXISTS told_twice (what VARCHAR, n BIGINT, first VARCHAR)"
_PLACE = ("file", "row", "seen_at", "event", "url", "data")  # no content of an object


def each_is_told_once(
    connection: Any, relation: str, key: str, where: str = "true"
) -> bool:
    """Whether no two rows have one key, and none lacks it.

    A dump most often is in the order of its keys: where each is above the one before,
    no two are the same, and nothing has to be counted. Different hashes are of
    different keys, and are cheaper to count than texts. The other way does not hold:
    the answer may be no where each is told once.
    """
    (is_in_order,) = connection.execute(
        "SELECT count(key) = count(*) AND count(*) FILTER (WHERE key > before) = "
        f'count(*) - 1 FROM (SELECT "{key}" AS key, lag("{key}") OVER () AS before '
        f'FROM "{relation}" WHERE {where})'
    ).fetchone()
    if is_in_order:
        return True
    (is_so,) = connection.execute(
        f'SELECT count(*) = count(DISTINCT CASE WHEN "{key}" IS NOT NULL THEN '
        f'hash("{key}") END) FROM "{relation}" WHERE {where}'
    ).fetchone()
    return bool(is_so)


def look_for_told_twice(
    connection: Any,
    relation: str,
    key: str,
    moments: Sequence[str] = (),
    where: str = "true",
    references: Collection[str] = (),
    *,
    keep_last: bool = False,
) -> None:
    """Count ids that a table has twice, of one moment and with other content.

    Args:
        connection: of DuckDB.
        relation: with the columns file and row, and one row for each telling.
        key: the column of the id.
        moments: columns that say of when a row is: later ones are corrections.
        where: SQL, the rows to look at.
        references: columns with the id of another object, or that object itself: the
            same content either way.
        keep_last: delete all but the last row of such an id, where the source's SQL
            does not choose one itself: money and sums have to see the same one.
    """
    connection.execute(_MAKE)
    if each_is_told_once(connection, relation, key, where):
        return
    described = connection.execute(f'DESCRIBE "{relation}"').fetchall()
    content = [
        _id_of(n) if n in references else f'"{n}"'
        for n, *_ in described
        if n not in (*_PLACE, key, *moments)
    ]
    if not content:
        return
    same = ", ".join(f'"{name}"' for name in (key, *moments))
    repeated = (
        f'SELECT "{key}" FROM "{relation}" WHERE {where} '
        f'GROUP BY "{key}" HAVING count(*) > 1'
    )
    differing = (
        "SELECT min_by(file || ' row ' || row, (file, row)) AS first "
        f'FROM "{relation}" WHERE "{key}" IN ({repeated}) AND {where} GROUP BY {same} '
        f"HAVING count(DISTINCT to_json(row({', '.join(content)}))::VARCHAR) > 1"
    )
    counted = connection.execute(
        f"INSERT INTO told_twice SELECT ?, count(*), min(first) FROM ({differing}) "
        "HAVING count(*) > 0 RETURNING n",
        [relation],
    ).fetchall()
    if counted and keep_last:
        connection.execute(
            f'DELETE FROM "{relation}" WHERE {where} AND "{key}" IN ({repeated}) AND '
            "rowid NOT IN (SELECT arg_max(rowid, (file, row)) "
            f'FROM "{relation}" WHERE {where} GROUP BY {same})'
        )


def _id_of(column: str) -> str:
    return (
        f"CASE WHEN \"{column}\"[1] = '{{' "
        f'THEN json_extract_string("{column}", \'$.id\') ELSE "{column}" END'
    )


def told_twice(connection: Any) -> list[Note]:
    """What `look_for_told_twice` has counted."""
    connection.execute(_MAKE)
    rows = connection.execute(
        "SELECT what, n, first FROM told_twice ORDER BY what"
    ).fetchall()
    return [
        Note(
            LOOK_AT,
            n,
            f"ids of {what} are told twice with other content, and nothing says which "
            f"was written last: one of them counts, so export it anew; first {first}",
        )
        for what, n, first in rows
    ]
