"""Letters to customers: planned from decisions, checked again, sent once, read back."""
