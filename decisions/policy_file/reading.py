"""From the text of a policy file to plain values: YAML as people mean it."""

import re
from collections.abc import Hashable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import yaml

from decisions.errors import PolicyFileError
from decisions.policy.finding import malformed


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    known: set[Hashable] = set()
    for key_node, _ in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
            continue
        key = loader.construct_object(key_node, deep=True)
        if key in known:
            raise _refused(key_node, f"the key {key!r} stands twice")
        known.add(key)
    return loader.construct_mapping(node, deep=True)


def _text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
    """A text that can be written again: no half of a character."""
    text = str(loader.construct_scalar(node))
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise _refused(node, "half of a character; write it whole")
    return text


def _timestamp(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> date | datetime:
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError as error:
        raise _refused(node, f"{node.value} is no date: {error}") from error


def _refused(node: yaml.Node, why: str) -> PolicyFileError:
    """With its line; which file it is the loader does not know."""
    return PolicyFileError("", malformed(why, line=node.start_mark.line + 1))


def _as_people_mean_it(parser: type[Any]) -> type[Any]:
    """A loader for which `NO` is Norway, `17:30` a time, and a key stands once."""
    made: type[Any] = type("_Loader", (parser,), {})
    made.yaml_implicit_resolvers = {
        first: [
            (tag, pattern)
            for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:int")
        ]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    made.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
    )
    made.add_implicit_resolver(
        "tag:yaml.org,2002:int",
        re.compile(r"^[-+]?(?:0|[1-9][0-9_]*)$"),
        list("-+0123456789"),
    )
    made.add_constructor("tag:yaml.org,2002:map", _mapping)
    made.add_constructor("tag:yaml.org,2002:str", _text)
    made.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)
    return made


PlainLoader = _as_people_mean_it(yaml.SafeLoader)
# ten times as fast, where PyYAML was built with libyaml, as its wheels are
_QuickLoader = _as_people_mean_it(getattr(yaml, "CSafeLoader", yaml.SafeLoader))
# libyaml's nodes nest on the stack of the process: one nested deeper could end it
MOST_NESTED = 1_000

# what the constructors of PyYAML raise on a number or a tag that is none
_NOT_A_VALUE = (ValueError, KeyError, AttributeError, TypeError)


def plain_values(text: str, source: str) -> object:
    """The values of a YAML text.

    Raises:
        PolicyFileError: where the text is not YAML, or a key stands twice.
    """
    try:
        return _loaded(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found = malformed(f"not readable as YAML: {error.problem}", line=line)
        raise PolicyFileError(source, found) from error
    except PolicyFileError as error:
        raise PolicyFileError(source, *error.findings) from error
    except RecursionError as error:
        found = malformed("not readable: nested too deeply")
        raise PolicyFileError(source, found) from error
    except (yaml.YAMLError, *_NOT_A_VALUE) as error:
        found = malformed(f"not readable as YAML: {error}")
        raise PolicyFileError(source, found) from error


def _loaded(text: str) -> object:
    """By libyaml; what it does not take, PyYAML judges, and says why."""
    # an opening bracket, or a column further in, is the least that nests one deeper
    brackets = text.count("[") + text.count("{")
    if brackets + max(map(len, text.splitlines()), default=0) <= MOST_NESTED:
        with suppress(yaml.YAMLError):
            return yaml.load(text, Loader=_QuickLoader)  # noqa: S506  a SafeLoader
    return yaml.load(text, Loader=PlainLoader)  # noqa: S506  a SafeLoader
