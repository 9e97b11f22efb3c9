"""From files, databases or JSON rows to checked rows in normal form."""
