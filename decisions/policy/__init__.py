"""The policy file: its schema, how it is read, checked and hashed."""
