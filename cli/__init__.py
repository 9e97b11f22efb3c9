"""The command `forbear`: wires rooms together, lazily; computes nothing."""
