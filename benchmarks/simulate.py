"""A day of ten million users on paper: what it costs, hour by hour, and what breaks first.

    python -m benchmarks.simulate [--users N] [--queries N] [--articles N] [--window HOURS] …

Nothing runs but arithmetic: the shapes of a day (benchmarks/simulating/shapes.py) times what one
of each thing costs, as benchmarks/simulating/costs.json has it, each with the command that
measured it. The same options print the same tables; those of docs/explanation/scale.md are the
ones without any.
"""

import argparse
from dataclasses import fields

from benchmarks.simulating.costs import Costs
from benchmarks.simulating.shapes import World
from benchmarks.simulating.tables import report


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    for each in fields(World):
        default = each.default
        name = f"--{each.name.replace('_', '-')}"
        parser.add_argument(name, type=type(default), default=default)
    print(report(World(**vars(parser.parse_args())), Costs.measured()))


if __name__ == "__main__":
    main()
