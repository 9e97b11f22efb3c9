"""Features from attributes declared in `portfolio.yaml`, made without code."""

from features.contract import TABLES
from features.feature import Feature, LatestAttribute, ValueKind
from features.feature_set import FeatureSetError
from features.settings import Attribute, PortfolioSettings

# What no declaration brings in: as the whole name, or as one of its words
FORBIDDEN_NAMES = frozenset(
    {"age", "birth_date", "country", "dob", "locale", "name", "country_code"}
)
FORBIDDEN_WORDS = frozenset(
    {
        "birth",
        "birthdate",
        "ethnicity",
        "firstname",
        "gender",
        "language",
        "lastname",
        "marital",
        "marriage",
        "nationality",
        "race",
        "religion",
        "sex",
        "surname",
    }
)
KINDS: dict[str, ValueKind] = {
    "number": "number",
    "money": "money",
    "boolean": "boolean",
    "category": "text",
}
UNITS = {
    "money": "money",
    "boolean": "flag",
    "category": "category",
    "number": "number",
}


class ForbiddenAttributeError(FeatureSetError):
    """Protected traits and countries decide nothing here."""

    code = "forbidden_attribute"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"attribute {name!r} may not be a feature (protected, or a country "
            "itself): remove it from portfolio.yaml"
        )
        self.name = name


def declared_features(settings: PortfolioSettings) -> tuple[Feature, ...]:
    """One feature per declared attribute, named `<attribute>` as declared.

    Raises:
        ForbiddenAttributeError: for names, gender, age, nationality and the like.
    """
    return tuple(_declared(name, a) for name, a in settings.attributes.items())


def definition_of(name: str, attribute: Attribute) -> LatestAttribute:
    """The column that it reads; one of the contract is read as the contract says."""
    is_in_contract = any(c.name == name for c in TABLES[attribute.table].columns)
    kind = None if is_in_contract else KINDS[attribute.type]
    return LatestAttribute(attribute.table, name, kind=kind)


def _declared(name: str, attribute: Attribute) -> Feature:
    words = set(name.lower().split("_"))
    if name.lower() in FORBIDDEN_NAMES or words & FORBIDDEN_WORDS:
        raise ForbiddenAttributeError(name)
    text = attribute.text or name.replace("_", " ")
    return Feature(
        name=name,
        definition=definition_of(name, attribute),
        unit=attribute.unit or UNITS[attribute.type],
        family=attribute.family,
        staff_text=f"{text}: {{value}}",
        customer_text=text[:1].upper() + text[1:] + ".",
        why="declared by the portfolio",
        monotone=None if attribute.type == "category" else attribute.monotone,
    )
