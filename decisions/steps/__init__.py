"""The six steps of a decision, in the order of docs/policy.md, a module each.

`decidable`, `propose`, `permit`, `settle`, `reserve` and `agree`. `inputs` makes a case
the numbers they compare; `decide` and `choose` walk them for one customer, `columns`
and `portfolio` for many.
"""
