"""`python -m hk2flax`."""

from hk2flax.cli import main

main(prog_name="hk2flax")
