"""From probability to action: cost model, policy and guard-rails."""
