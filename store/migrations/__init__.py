"""How the tables came to be, one revision a file; `store.upgrade` runs them."""
