"""Do the tests of the pure modules notice a changed line? `python -m benchmarks.mutation [MOST]`.

Of each module up to MOST mutants (60), drawn from a fixed seed, are tried: a comparison flipped, a
number one more, `and` for `or`, a `not` dropped, a condition turned round, another return value.
A mutant is killed if the module's own tests fail, or take more than a minute of a core.
"""

import ast
import os
import random
import resource
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent
QUERY_TESTS = ["tests/matching/test_query*.py", "tests/matching/test_evaluate.py"]
TESTS = {
    "storage.states": ["tests/delivery/test_outcomes.py", "tests/storage/test_deliveries_next.py"],
    "bot.publishing.calendar": ["tests/publishing/test_calendar.py"],
    "bot.publishing.selection": ["tests/publishing/test_selection.py"],
    "bot.matching.query.ast": QUERY_TESTS,
    "bot.matching.query.canonical": QUERY_TESTS,
    "bot.matching.query.errors": QUERY_TESTS,
    "bot.matching.query.fields": QUERY_TESTS,
    "bot.matching.query.parser": QUERY_TESTS,
    "bot.matching.query.stopwords": QUERY_TESTS,
    "bot.matching.query.tokens": QUERY_TESTS,
}
SECONDS = 60
# Imported before the forks, so that a mutant does not wait for it; nothing of ours.
PRELOADED = ("aiogram", "hypothesis", "numpy", "sqlmodel", "trafilatura")
FLIPPED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


class Mutation(ast.NodeTransformer):
    """Counts the places where something may be changed, and changes the one that is *wanted*."""

    def __init__(self, wanted: int = -1) -> None:
        self.wanted = wanted
        self.places: list[str] = []

    def _is_wanted(self, node: ast.AST, what: str) -> bool:
        self.places.append(f"line {getattr(node, 'lineno', 0)}: {what}")
        return len(self.places) - 1 == self.wanted

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        for number, statement in enumerate(node.body):
            node.body[number] = self.visit(statement)
        node.args.kw_defaults = [one and self.visit(one) for one in node.args.kw_defaults]
        node.args.defaults = [self.visit(one) for one in node.args.defaults]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = node.value and self.visit(node.value)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for number, operator in enumerate(node.ops):
            flipped = FLIPPED[type(operator)]
            if self._is_wanted(node, f"{ast.unparse(node)} with {flipped.__name__}"):
                node.ops[number] = flipped()  # type: ignore[call-overload]
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        if self._is_wanted(node, f"and for or in {ast.unparse(node)}"):
            node.op = FLIPPED[type(node.op)]()  # type: ignore[assignment]
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if type(node.op) in FLIPPED and self._is_wanted(node, f"sign in {ast.unparse(node)}"):
            node.op = FLIPPED[type(node.op)]()  # type: ignore[assignment]
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if isinstance(node.op, ast.Not) and self._is_wanted(node, f"dropped {ast.unparse(node)}"):
            return self.generic_visit(node.operand)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, bool):
            if self._is_wanted(node, f"{not node.value} for {node.value}"):
                return ast.copy_location(ast.Constant(not node.value), node)
        elif isinstance(node.value, int) and self._is_wanted(node, f"{node.value} + 1"):
            return ast.copy_location(ast.Constant(node.value + 1), node)
        return node

    def _turn(self, node: ast.If | ast.IfExp | ast.While) -> ast.AST:
        if self._is_wanted(node, f"unless {ast.unparse(node.test)}"):
            node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            return node
        return self.generic_visit(node)

    visit_If = visit_IfExp = visit_While = _turn  # noqa: N815 - the names that ast calls

    def visit_Return(self, node: ast.Return) -> ast.AST:
        plain = node.value is None or isinstance(node.value, ast.Constant)
        if not plain and self._is_wanted(node, f"None for {ast.unparse(node.value or node)}"):
            return ast.copy_location(ast.Return(ast.Constant(None)), node)
        return self.generic_visit(node)


class Mutated(MetaPathFinder, Loader):
    """Gives the mutated module to whoever imports it."""

    def __init__(self, module: str, path: Path, tree: ast.Module) -> None:
        self.module, self.path, self.tree = module, path, tree

    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname != self.module:
            return None
        return spec_from_loader(fullname, self, origin=str(self.path))

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(compile(self.tree, str(self.path), "exec"), vars(module))  # noqa: S102 - our own code


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def is_killed(module: str, path: Path, number: int) -> bool:
    """Run the module's tests with one mutant in a process of its own."""
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        tree = ast.fix_missing_locations(Mutation(number).visit(parsed(path)))
        sys.meta_path.insert(0, Mutated(module, path, tree))
        tests = [str(found) for pattern in TESTS[module] for found in sorted(ROOT.glob(pattern))]
        flags = ["-xq", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", "not postgresql"]
        flags += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]
        try:
            code = int(pytest.main([*flags, *tests]))
        except BaseException:  # noqa: BLE001 - a mutant may do anything
            code = 1
        os._exit(code)
    return os.waitpid(child, 0)[1] != 0


def survivors(module: str, most: int) -> Iterator[str]:
    path = ROOT / (module.replace(".", "/") + ".py")
    counted = Mutation()
    counted.visit(parsed(path))
    numbers = range(len(counted.places))
    drawn = sorted(random.Random(module).sample(numbers, min(most, len(numbers))))
    assert not is_killed(module, path, -1), "its tests fail without any mutant"
    left = [counted.places[number] for number in drawn if not is_killed(module, path, number)]
    killed = len(drawn) - len(left)
    print(f"{module:32} {killed:3} of {len(drawn):3} killed", flush=True)
    yield from left


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    only = sys.argv[2:] or list(TESTS)
    for name in PRELOADED:
        import_module(name)
    for module in only:
        for survivor in survivors(module, most):
            print(f"    {survivor}", flush=True)


if __name__ == "__main__":
    main()
