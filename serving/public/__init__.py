"""Pages for customers, without a key: the policy, and the form of a letter."""
