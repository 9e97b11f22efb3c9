"""The service's answers as typed dictionaries, for `clients/python`.

Made from the OpenAPI document by `python -m cli.docs`, so that the types are the ones
the service documents and its tests validate.
"""

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

Schema = Mapping[str, Any]

HEAD = '''"""What the service answers, made from its OpenAPI document by `make docs`.

Moments are ISO 8601 with offset; money is in major units; None is unknown.
"""

from typing import Any, Literal, NotRequired, TypedDict
'''
_PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
_REF = "#/components/schemas/"
_WIDTH = 84


def client_types(document: Mapping[str, Any]) -> str:
    """The module, from the OpenAPI document."""
    schemas: Mapping[str, Schema] = document["components"]["schemas"]
    names = sorted(_answered(document["paths"], schemas))
    parts = ("\n".join(_definition(name, schemas[name])) for name in names)
    return "\n\n".join([HEAD, "\n\n\n".join(parts)]) + "\n"


def _answered(paths: Mapping[str, Any], schemas: Mapping[str, Schema]) -> set[str]:
    """Names of what is in an answer, and of what these are made of."""
    operations = (one for methods in paths.values() for one in methods.values())
    names: set[str] = set()
    due = {name for one in operations for name in _named(one["responses"])}
    while due:
        name = due.pop()
        names.add(name)
        due |= set(_named(schemas[name])) - names
    return names


def _named(part: object) -> Iterator[str]:
    """Names of components that a part of the document refers to."""
    if isinstance(part, Mapping):
        if "$ref" in part:
            yield str(part["$ref"]).removeprefix(_REF)
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _named(inner)


def _definition(name: str, schema: Schema) -> Iterator[str]:
    """The lines of one type: a `TypedDict`, or an alias of what has no fields."""
    if "properties" not in schema:
        yield f"{name} = {_type(schema)}"
        return
    yield f"class {name}(TypedDict):"
    required = set(schema.get("required", ()))
    description = schema.get("description", "").partition("\n")[0]
    if description:
        yield f'    """{description}"""'
        yield ""
    for field, its in schema["properties"].items():
        yield from (
            f"    # {line}" for line in wrap(its.get("description", ""), _WIDTH)
        )
        kind = _type(its)
        yield f"    {field}: {kind if field in required else f'NotRequired[{kind}]'}"


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        return f'"{str(schema["$ref"]).removeprefix(_REF)}"'
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _union(schema[several])
    if "enum" in schema or "const" in schema:
        values = schema.get("enum", [schema.get("const")])
        return f"Literal[{', '.join(map(repr, values))}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_type(schema.get('items', {}))}]"
    if kind == "object":
        values = schema.get("additionalProperties", {})
        return f"dict[str, {_type(values) if isinstance(values, dict) else 'Any'}]"
    return _PLAIN.get(str(kind), "Any")


def _union(schemas: list[Schema]) -> str:
    """Names of classes stand in quotes, so the whole does where there is one."""
    kinds = list(dict.fromkeys(_type(schema) for schema in schemas))
    if "Any" in kinds:
        return "Any"
    whole = " | ".join(kind.strip('"') if '"' in kind else kind for kind in kinds)
    return f'"{whole}"' if any(kind.startswith('"') for kind in kinds) else whole
