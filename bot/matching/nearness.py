"""`a NEAR/5 (b OR c)`: what may stand on either side of a NEAR."""

from bot.matching.tree import Node, Or, Term, disjunction, near

_MOST = 32  # pairs; each is two literals


def near_each(one: Node, other: Node, distance: int) -> Node | None:
    """Every term of the one near every term of the other; None where there is anything else."""
    left, right = _alternatives(one), _alternatives(other)
    if not 0 < len(left) * len(right) <= _MOST:
        return None
    return disjunction(near(a, b, distance) for a in left for b in right)


def _alternatives(node: Node) -> list[Term]:
    operands = node.operands if isinstance(node, Or) else (node,)
    found = [operand for operand in operands if isinstance(operand, Term)]
    return found if len(found) == len(operands) else []
