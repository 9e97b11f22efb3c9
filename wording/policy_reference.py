"""The page of documentation about the policy file, made from its schema.

The guide before the tables stands in `policy_page.md`, beside this file.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from decisions.actions import ACTIONS
from decisions.policy.finding import FINDINGS
from decisions.policy_file.load import json_schema
from decisions.rules.catalogue import RULES
from decisions.rules.rule import LEARNED_FROM, LOOKED_AT, Rule
from wording.messages import messages

Schema = Mapping[str, Any]

_TEMPLATE = Path(__file__).with_suffix(".md")
_ROOT = "The file itself"
_TEXTS = {  # patterns of the schema, as people say them
    "^[A-Z]{3}$": "currency",
    r"^\d\d:\d\d(:\d\d)?$": "time of day",
    "^[a-z][a-z0-9_]*$": "name",
    "^[a-z0-9][a-z0-9.-]*$": "name with `.` `-`",
}
_KINDS = {
    "Text": "words",
    "Language": "language",
    "UncertainAmount": "uncertain amount",
    "UncertainShare": "uncertain share",
}
_SEVERAL = {
    LOOKED_AT: "every table looked at",
    LEARNED_FROM: "every table of the training",
}
_UNITS = ("days", "hours", "months")
_NOTHING: tuple[object, ...] = (None, "", [], {})
_NOTABLE = 100  # upper limits from here on only keep nonsense out


def policy_page() -> str:
    """The page as Markdown."""
    page = _TEMPLATE.read_text(encoding="utf-8")
    english = messages("en")
    for name, table in {
        "sections": "\n".join(_Form(json_schema()).sections()),
        "findings": _codes(FINDINGS),
        "withheld": _withheld(_said(english, "staff.withheld.")),
        "no_decision": _codes(_said(english, "staff.no_decision.")),
    }.items():
        page = page.replace("{{" + name + "}}", table.rstrip("\n"))
    return page


def _codes(meanings: Mapping[str, str]) -> str:
    rows = "\n".join(f"| `{code}` | {meaning} |" for code, meaning in meanings.items())
    return f"| code | means |\n|---|---|\n{rows}\n"


def _withheld(meanings: Mapping[str, str]) -> str:
    rows = "\n".join(
        f"| `{rule.code}` | {_means(rule, meanings)} | {_key(rule)} | {_tables(rule)} |"
        for rule in RULES
    )
    head = "| code | means | key of the file | relies on |\n|---|---|---|---|"
    return f"{head}\n{rows}\n"


def _means(rule: Rule, meanings: Mapping[str, str]) -> str:
    """Each cause of a rule with its `detail`, where the rule has several."""
    if not rule.details:
        return meanings[rule.code]
    causes = {name: meanings[f"{rule.code}.{name}"] for name in rule.details}
    return "<br>".join(f"`{name}`: {meaning}" for name, meaning in causes.items())


def _key(rule: Rule) -> str:
    return "–" if rule.section is None else f"`{rule.section}`"


def _tables(rule: Rule) -> str:
    """Tables are named as code, what stands for several of them in words."""
    return " ".join(_SEVERAL.get(name, f"`{name}`") for name in rule.tables) or "–"


def _said(messages: Mapping[str, Any], prefix: str) -> dict[str, str]:
    """Sentences by code, their places named: `{min_exposure:money}` is not known."""
    return {
        key.removeprefix(prefix): re.sub(
            r"\{(\w+)[^}]*\}", lambda place: f"*{place[1].replace('_', ' ')}*", text
        )
        for key, text in messages.items()
        if key.startswith(prefix)
    }


class _Form:
    """The schema, and where each kind of section may stand in the file."""

    def __init__(self, schema: Schema) -> None:
        self._models: Schema = schema["$defs"]
        self._root = schema
        self._places: dict[str, list[str]] = {}
        self._visit("", schema)

    def sections(self) -> Iterator[str]:
        """A table per kind of section, in the order of the file."""
        yield from self._section(_ROOT, self._root)
        for name, places in self._places.items():
            section = self._models[name]
            yield from self._section(_heading(places), section)

    def _visit(self, prefix: str, section: Schema) -> None:
        for key, field in section["properties"].items():
            for name, at in self._sections_of(field, prefix + key):
                self._places.setdefault(name, []).append(at)
                self._visit(f"{at}.", self._models[name])

    def _sections_of(self, field: Schema, at: str) -> Iterator[tuple[str, str]]:
        name = _name(field)
        if name and "properties" in self._models[name] and name not in _KINDS:
            yield name, at
        for choice in field.get("anyOf", ()):
            yield from self._sections_of(choice, at)
        if "items" in field:
            yield from self._sections_of(field["items"], f"{at}[]")
        mapping = _mapping(field)
        if mapping is not None:
            key = at.rpartition(".")[2].rstrip("s").upper()
            yield from self._sections_of(mapping[1], f"{at}.{key}")

    def _section(self, heading: str, section: Schema) -> Iterator[str]:
        """A table of the keys of one section of the file."""
        yield f"### {heading}\n"
        if heading != _ROOT:
            for part in section.get("description", "").split("\n\n"):
                yield part.replace("\n", " ") + "\n"
        yield "| key | kind | default | what it does |\n|---|---|---|---|"
        required = section.get("required", ())
        for key, field in section["properties"].items():
            if key == "because" and key not in required:
                continue
            name = f"**`{key}`**" if key in required else f"`{key}`"
            default = "" if key in required else self._default(field)
            description = field.get("description") or self._summary(field)
            yield f"| {name} | {self._kind(key, field)} | {default} | {description} |"
        yield ""

    def _summary(self, field: Schema) -> str:
        """The first sentence of what a section says of itself."""
        name = next((name for name, _ in self._sections_of(field, "")), None)
        description = str(self._models[name].get("description", "")) if name else ""
        return (
            description.partition("\n\n")[0]
            .replace("\n", " ")
            .partition(". ")[0]
            .rstrip(".")
        )

    def _kind(self, key: str, field: Schema) -> str:
        """What may stand there, in words, with its unit."""
        name = _name(field)
        if name in _KINDS:
            return _KINDS[name]
        if name in self._places:
            return f"[section](#{_anchor(_heading(self._places[name]))})"
        if name:
            return self._kind(key, self._models[name])
        if "enum" in field or "const" in field:
            words = field.get("enum", [field.get("const")])
            if words == list(ACTIONS):
                return "action"
            return " ".join(f"`{_plain(word)}`" for word in words)
        if "anyOf" in field:
            kinds = (self._kind(key, choice) for choice in field["anyOf"])
            return " or ".join(kind for kind in kinds if kind != "null")
        mapping = _mapping(field)
        if mapping is not None:
            names, values = mapping
            return f"{self._kind('', names)}: {self._kind(key, values)}"
        return self._plain_kind(key, field)

    def _plain_kind(self, key: str, field: Schema) -> str:
        kind = field.get("type")
        if "prefixItems" in field:
            pair = [self._kind(key, item) for item in field["prefixItems"]]
            return f"pair of {' and '.join(dict.fromkeys(pair))}"
        if kind == "array":
            return f"list: {self._kind(key, field['items'])}"
        if kind in ("number", "integer"):
            return _number(key, field)
        if kind == "string":
            written = _TEXTS.get(field.get("pattern", ""), field.get("format", "text"))
            return str(written)
        words = {"boolean": "`true` `false`", "null": "null"}
        return words.get(str(kind), "keys of this file")

    def _default(self, field: Schema) -> str:
        default = field.get("default")
        if default in _NOTHING:
            return "none"
        if isinstance(default, dict):
            return self._beyond(default, field)
        if isinstance(default, list):
            return " ".join(f"`{_plain(value)}`" for value in default)
        return f"`{_plain(default)}`"

    def _beyond(self, default: Mapping[str, Any], field: Schema) -> str:
        """What a section's default says other than its own keys' defaults."""
        if default.keys() == {"value", "low", "high"}:
            return f"`{_plain(default['value'])}`"
        own = self._models.get(_name(field), {}).get("properties")
        if own is None:
            return "as shipped"
        other = [
            f"`{key}: {_plain(value)}`"
            for key, value in default.items()
            if value not in _NOTHING and value != own[key].get("default")
        ]
        return ", ".join(other) or "its own"


def _name(field: Schema) -> str:
    """Of the model or type a field refers to; empty when it stands there itself."""
    return str(field.get("$ref", "")).rpartition("/")[2]


def _mapping(field: Schema) -> tuple[Schema, Schema] | None:
    """What names and values of a mapping are; None for anything else."""
    for pattern, values in field.get("patternProperties", {}).items():
        return {"type": "string", "pattern": pattern}, values
    values = field.get("additionalProperties")
    if not isinstance(values, dict):
        return None
    return field.get("propertyNames", {"type": "string"}), values


def _heading(places: list[str]) -> str:
    return ", ".join(f"`{place}`" for place in places)


def _anchor(heading: str) -> str:
    """As Markdown renderers make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def _number(key: str, field: Schema) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    above = field.get("exclusiveMinimum")
    unit = next((unit for unit in _UNITS if unit in key.split("_")), None)
    if field["type"] == "number" and unit is None:
        if high is not None:
            return "share" if high == 1.0 else f"share, at most {high:g}"
        return "amount" if above is None else f"number above {above:g}"
    name = unit or "number"
    if high is not None and high < _NOTABLE:
        return f"{name}, {low:g} to {high:g}"
    return f"{name}, from {low:g}" if low else name


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
