"""From probabilities and money to expected costs and break-evens."""
