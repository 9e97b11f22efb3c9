"""What is kept: decisions and their chain, events, keys, acts, letters, what people do.

`decisions`, `events` and `keys` say what a store promises; the same SQL keeps it in
files (`sqlite`) and in PostgreSQL (`postgres`). `opening` is the one place that names
an implementation, `upgrade` brings an older store to this form. Nothing here decides.
"""
