"""The command `forbear` without its commands, as all of it is set up."""

import typer


def own_app() -> typer.Typer:
    """Plain help: rich markup alone would take twice the time of everything else."""
    return typer.Typer(
        name="forbear",
        help="Calibrated fraud and non-payment probabilities, and one recommended"
        " action per customer.\n\nState lives under FORBEAR_HOME (default .forbear/)."
        " Exit codes: 0 done, 1 done and something differs, 2 unusable input, 3 rows"
        " were rejected, 70 a fault of the program, 130 stopped by Ctrl-C.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
