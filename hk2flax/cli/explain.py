"""`hk2flax explain`: the text behind a diagnostic code."""

from __future__ import annotations

import click


@click.command("explain", short_help="Say what a diagnostic code means.")
@click.argument("code", required=False)
def command(code: str | None) -> None:
    """Say what a diagnostic CODE means and what to do; without CODE, list them all."""
    from hk2flax.diagnostics.as_text import explain
    from hk2flax.diagnostics.codes import CODES
    from hk2flax.diagnostics.select import check_prefixes

    if code is None:
        for entry in CODES.values():
            click.echo(f"{entry.code}  {entry.severity:6}  {entry.title}")
        return
    prefix = check_prefixes([code])[0]
    matching = [known for known in CODES if known.startswith(prefix)]
    click.echo("\n".join(explain(known) for known in matching), nl=False)
