"""An attribute that says what another feature says is not learnt twice."""

import pyarrow as pa

from features.portfolio import Portfolio
from features.settings import Attribute, PortfolioSettings
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
    assert data.repeated == {"burden": "load"}
    assert "burden" not in data.feature_set.names
    assert "load" in data.feature_set.names
    [line] = data.repeated_text
    assert line.startswith("attribute burden says of every row what load says")
    [warned] = [w for w in portfolio.warnings if "learnt twice" in w]
    assert "'segment' is a column of the contract" in warned
    assert "customer_segment" in warned
