"""A day of ten million users, calculated: its costs, and what breaks first.

    python -m benchmarks.simulate [--users N] [--queries N] [--articles N] [--window-hours N] …

The shapes of a day (benchmarks/simulate/shapes.py) are multiplied with measured costs
(benchmarks/simulate/costs.json). Without options it prints the tables of docs/explanation/scale.md.
"""

from dataclasses import fields

from benchmarks.report import parser
from benchmarks.simulate.costs import Costs
from benchmarks.simulate.shapes import Scenario
from benchmarks.simulate.tables import report


def main() -> None:
    options = parser(__doc__)
    for field in fields(Scenario):
        default = field.default
        name = f"--{field.name.replace('_', '-')}"
        options.add_argument(name, type=type(default), default=default)
    print(report(Scenario(**vars(options.parse_args())), Costs.measured()))


if __name__ == "__main__":
    main()
