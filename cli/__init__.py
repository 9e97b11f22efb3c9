"""The command `forbear`."""
