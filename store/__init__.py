"""What is kept: recorded decisions with the budget slots they take, and API keys.

`decisions` and `keys` say what a store promises, `sqlite` keeps the promises in files,
`opening` is the one place that names an implementation. Nothing here decides.
"""
