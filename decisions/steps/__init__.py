"""The six steps of a decision, in the order of docs/policy.md, a module each.

`decidable`, `propose`, `permit`, `settle`, `reserve` and `agree`. `case_inputs` makes a
case the numbers they compare. `decisions.engine` calls `choose` for one customer,
`decisions.portfolio` calls `choose_columns` for many; both call `decide`.
"""
