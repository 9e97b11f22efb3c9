"""Makes portfolios with known truth."""
