"""No module imports, by whatever way round, a module that imports it.

Imports inside functions and for type checkers count as well: a circle that is only
broken by moving an import hides that the two modules are one.
"""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def modules() -> dict[str, ast.Module]:
    """Every module of every room by its dotted name."""
    parsed = {}
    for path in (p for room in ROOMS for p in (ROOT / room).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        parsed[name] = ast.parse(path.read_text())
    return parsed


def imported_names(module: ast.Module) -> Iterator[tuple[str, ...]]:
    """The possible names of each imported module, the deepest first."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from ((alias.name,) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield f"{node.module}.{alias.name}", node.module


def import_graph(parsed: Mapping[str, ast.Module]) -> dict[str, set[str]]:
    """Which modules each module imports anywhere in its text."""
    graph = {}
    for name, module in parsed.items():
        deepest = (
            next((n for n in names if n in parsed), None)
            for names in imported_names(module)
        )
        graph[name] = {found for found in deepest if found and found != name}
    return graph


def reachable(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """What can be reached from `start` along one import or more."""
    seen: set[str] = set()
    to_visit = list(graph[start])
    while to_visit:
        name = to_visit.pop()
        if name not in seen:
            seen.add(name)
            to_visit.extend(graph[name])
    return seen


def circles(graph: Mapping[str, set[str]]) -> set[tuple[str, ...]]:
    """The strongly connected components of more than one module."""
    onward = {name: reachable(graph, name) for name in graph}
    in_circles = [name for name in graph if name in onward[name]]
    return {
        tuple(sorted(other for other in onward[name] if name in onward[other]))
        for name in in_circles
    }


def test_a_circle_is_seen() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}
    assert circles(graph) == {("b", "c")}


def test_modules_import_in_one_direction() -> None:
    assert circles(import_graph(modules())) == set()
