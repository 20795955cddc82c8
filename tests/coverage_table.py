"""Prints how much of each package the tests ran, after `make test COVERAGE=1`."""

import sys
from collections import defaultdict
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).parents[1]
LEAST = 10  # modules that are listed
FEW = 20  # lines; a smaller module is not listed


def package_of(module: Path) -> str:
    """Return the package whose row a module counts in: those of `bot` have one each."""
    return "/".join(module.parts[: 2 if module.parts[0] == "bot" and len(module.parts) > 2 else 1])


def share(run: int, lines: int) -> str:
    return f"{100 * run / lines if lines else 100:5.1f} %"


def main() -> None:
    coverage = Coverage()
    coverage.load()
    rows: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    modules: list[tuple[int, int, Path, str]] = []
    measured = (path for path in coverage.get_data().measured_files() if path.endswith(".py"))
    for path in sorted(measured):
        module = Path(path).relative_to(ROOT)
        _, statements, _, missing, named = coverage.analysis2(path)
        count = len(statements)
        for row in (package_of(module), "all"):
            rows[row][0] += count - len(missing)
            rows[row][1] += count
        if count >= FEW:
            modules.append((count - len(missing), count, module, named))
    write = sys.stdout.write
    write(f"\n{'package':<18} {'lines':>6}     run\n")
    for name in sorted(rows, key=lambda name: (name == "all", name)):
        run, lines = rows[name]
        write(f"{name:<18} {lines:>6} {share(run, lines)}\n")
    write("\nleast run:\n")
    for run, lines, module, named in sorted(modules, key=lambda each: each[0] / each[1])[:LEAST]:
        write(f"{share(run, lines)} of {lines:>3}  {module}: not {named}\n")


if __name__ == "__main__":
    main()
