"""An attribute that says what another feature says is not learnt twice."""

import pyarrow as pa

from features.portfolio import Portfolio
from features.settings import Attribute, PortfolioSettings
from training.audits.leak_page import leak_page
from training.audits.leakage import LeakageAudit, check_names
from training.audits.verdict import Acceptance
from training.training_data import gather


def test_a_copy_under_another_name_is_left_out_with_a_word(
    flat_tables: dict[str, pa.Table], settings: PortfolioSettings
) -> None:
    customers = flat_tables["customers"]
    copied = customers.append_column("burden", customers["load"])
    declared = settings.attributes | {"burden": Attribute(), "segment": Attribute()}
    portfolio = Portfolio.from_tables(
        flat_tables | {"customers": copied},
        settings.model_copy(update={"attributes": declared}),
    )
    data = gather(portfolio, ("nonpayment",))
    assert data.repeated == {"segment": "customer_segment", "burden": "load"}
    # whoever signed one of them off before may still name it
    check_names([Acceptance(name, "known") for name in data.repeated], data.known_names)
    assert "burden" not in data.feature_set.names
    assert "load" in data.feature_set.names
    [_, line] = data.repeated_text
    assert line.startswith("attribute burden says of every row what load says")
    [warned] = [w for w in portfolio.warnings if "learnt twice" in w]
    assert "'segment' is a column of the contract" in warned
    assert "customer_segment" in warned


def test_of_two_attributes_the_one_that_states_a_direction_is_kept(
    flat_tables: dict[str, pa.Table], settings: PortfolioSettings
) -> None:
    customers = flat_tables["customers"]
    copied = customers.append_column("burden", customers["load"])
    directed = {"load": Attribute(), "burden": Attribute(monotone="increasing")}
    portfolio = Portfolio.from_tables(
        flat_tables | {"customers": copied},
        settings.model_copy(update={"attributes": settings.attributes | directed}),
    )
    data = gather(portfolio, ("nonpayment",))
    assert data.repeated == {"load": "burden"}
    kept = {f.name: f.monotone for f in data.feature_set.features}
    assert kept["burden"] == "increasing"
    assert not data.lost_direction


def test_a_direction_that_is_lost_is_told(
    flat_tables: dict[str, pa.Table], settings: PortfolioSettings
) -> None:
    customers = flat_tables["customers"]
    copied = customers.append_column("burden", customers["load"])
    declared = settings.attributes | {
        "load": Attribute(monotone="decreasing"),
        "burden": Attribute(monotone="increasing"),
    }
    portfolio = Portfolio.from_tables(
        flat_tables | {"customers": copied},
        settings.model_copy(update={"attributes": declared}),
    )
    [line] = gather(portfolio, ("nonpayment",)).repeated_text
    assert line.endswith("; its `monotone: increasing` does not hold for load")
    page = leak_page(LeakageAudit("p", (), (), left_out=(line,)))
    assert "attribute burden says of every row what load says" in page
