"""The YAML of a settings file: small, without tricks, and every fault is a ValueError.

YAML can be made to cost far more than its size (aliases of aliases, integers of
thousands of digits, mappings a thousand deep); settings need none of that.
"""

from collections.abc import Hashable
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.tokens import Token

LARGEST_FILE = 1_000_000  # characters
DEEPEST = 20  # mappings within mappings
LONGEST_NUMBER = 100  # characters


class SettingsYamlError(ValueError):
    """A text that is no settings file."""


def read_mapping(text: str) -> dict[str, Any]:
    """The settings with YAML's own types; an empty file is an empty mapping.

    Raises:
        SettingsYamlError: if it is no mapping, or a value is impossible.
    """
    return _mapping(text, _Typed)


def plain_texts(text: str) -> dict[str, Any]:
    """The settings, every key and value as it is written: `01`, `yes`, `2.50`."""
    return _mapping(text, _Plain)


class _Careful(yaml.SafeLoader):
    """Refuses what would be expensive or would be read in another way than meant."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """No alias, and not too deep."""
        if self.check_event(yaml.AliasEvent):
            raise SettingsYamlError("anchors and aliases (&, *) are not read here")
        self.depth += 1
        if self.depth > DEEPEST:
            raise SettingsYamlError(f"more than {DEEPEST} levels deep")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def fetch_flow_collection_start(self, token_class: type[Token]) -> None:
        """Not too deep within brackets."""
        # the scanner looks ahead, at a cost that grows with the square of the depth
        if self.flow_level >= DEEPEST:
            raise SettingsYamlError(f"more than {DEEPEST} levels deep")
        super().fetch_flow_collection_start(token_class)

    def construct_mapping(
        self, node: MappingNode, deep: bool = False
    ) -> dict[Hashable, Any]:
        """Each name once."""
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen:
                raise SettingsYamlError(f"{name[:80]!r} is said twice")
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_scalar(self, node: ScalarNode | MappingNode) -> Any:  # noqa: ANN401
        """A number has no more digits than are worth reading."""
        is_number = node.tag.endswith((":int", ":float"))
        if is_number and len(node.value) > LONGEST_NUMBER:
            raise SettingsYamlError(f"a number of {len(node.value)} digits")
        return super().construct_scalar(node)


class _Typed(_Careful):
    pass


class _Plain(_Careful):
    def construct_object(self, node: Node, deep: bool = False) -> Any:  # noqa: ANN401
        """A scalar as it is written; nothing for null."""
        if isinstance(node, ScalarNode):
            is_null = node.tag.endswith(":null")
            return "" if is_null else node.value
        return super().construct_object(node, deep)


def _mapping(text: str, loader: type[_Careful]) -> dict[str, Any]:
    if len(text) > LARGEST_FILE:
        raise SettingsYamlError(f"more than {LARGEST_FILE:,} characters")
    try:
        values = yaml.load(text, loader)  # noqa: S506 - a SafeLoader
    except SettingsYamlError:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise SettingsYamlError(str(error)) from error
    if values is None or values == "":
        values = {}
    if not isinstance(values, dict):
        raise SettingsYamlError("must be a mapping of settings, such as name: …")
    return {str(key): value for key, value in values.items()}
