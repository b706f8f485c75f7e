"""Bounds the work of a chat template: how often its loops run, how large its texts may grow.

Sizes are counted in pieces: what a message brings is one piece, a constant has one for each
character. Loops multiply. What passes from round to round (only attributes of a `namespace` do, in
Jinja) may hold itself once, not twice.
"""

from collections import Counter
from typing import Any

LIMIT = 10_000_000
"""Rounds of the innermost loop, and pieces of a text."""

DATA_ROUNDS = 16
"""What a loop over the conversation counts as; four of them within each other are allowed."""

RANGE_ROUNDS = 100_000
"""The most that `range` gives in Jinja's sandbox (jinja2.sandbox.MAX_RANGE)."""


class EndlessTemplate(Exception):
    """A template whose work has no bound, or a bound that is too high."""


def bound_work(tree: Any) -> None:
    """Raises EndlessTemplate unless the work of a template is bounded."""
    from jinja2 import nodes

    macros = {node.name: node for node in tree.find_all(nodes.Macro)}
    _Bounds(nodes, macros).rounds(tree, ())


class _Bounds:
    """Walks a template in the order of its text and adds up."""

    def __init__(self, nodes: Any, macros: dict[str, Any]):
        self.n, self.macros = nodes, macros
        self.sizes: dict[str, int] = {}
        self.carried: dict[str, Counter[str]] = {}
        self.costs: dict[str, int] = {}
        self.steps = 0

    def rounds(self, node: Any, within: tuple[str, ...], loops: int = 0) -> int:
        """Rounds that a node is worth: what follows each other adds up, loops multiply."""
        n = self.n
        self._count_step()
        if isinstance(node, n.For):
            return self._loop(node, within, loops)
        if isinstance(node, n.Macro | n.CallBlock) and node not in self.macros.values():
            raise EndlessTemplate("passes a block to a macro")
        total = 1
        if not isinstance(node, n.Macro):
            total += sum(self.rounds(c, within, loops) for c in node.iter_child_nodes())
        if isinstance(node, n.Call) and isinstance(node.node, n.Name):
            total += self._macro(node.node.name, within)
        if isinstance(node, n.Assign):
            self._assign(node.target, node.node, loops)
        elif isinstance(node, n.AssignBlock):
            self._assign(node.target, node, loops)
        return self._within(total, "rounds")

    def _loop(self, loop: Any, within: tuple[str, ...], loops: int) -> int:
        if loop.recursive:
            raise EndlessTemplate("has a recursive loop")
        body = sum(self.rounds(c, within, loops + 1) for c in (*loop.body, *loop.else_))
        return self._within((1 + body) * self._times(loop.iter), "rounds")

    def _macro(self, name: str, within: tuple[str, ...]) -> int:
        if name not in self.macros:
            return 0
        if name in within:
            raise EndlessTemplate(f"has the macro {name!r}, which calls itself")
        if name not in self.costs:
            body = self.macros[name].body
            self.costs[name] = sum(self.rounds(child, (*within, name)) for child in body)
        return self.costs[name]

    def _times(self, source: Any) -> int:
        """How often a loop over `source` runs."""
        n = self.n
        if isinstance(source, n.Call) and isinstance(source.node, n.Name):
            if source.node.name == "range":
                return max(self._bound_of(value) for value in source.args or [source])
            return max(DATA_ROUNDS, self.size(source))
        if isinstance(source, n.List | n.Tuple):
            return max(1, len(source.items))
        return max(DATA_ROUNDS, self.size(source))

    def _bound_of(self, value: Any) -> int:
        n = self.n
        if isinstance(value, n.Const) and type(value.value) is int:
            return abs(value.value)
        texts = [f.name for f in [value, *value.find_all(n.Filter)] if isinstance(f, n.Filter)]
        loop = [a for a in value.find_all(n.Name) if a.name == "loop"]
        return DATA_ROUNDS if "length" in texts or "count" in texts or loop else RANGE_ROUNDS

    def _assign(self, target: Any, value: Any, loops: int) -> None:
        names = self._targets(target)
        size, held = self.size(value), self._held(value)
        for name in names:
            self.sizes[name] = max(self.sizes.get(name, 1), size)
            if "." not in name:
                self.carried[name] = held
            elif loops:
                self._carry(name, held)

    def _carry(self, name: str, held: Counter[str]) -> None:
        """Notes what an attribute of a namespace takes from round to round."""
        if any(count > 1 for count in held.values()):
            raise EndlessTemplate(f"lets {name!r} double in a loop")
        self.carried[name] = self.carried.get(name, Counter()) | held
        for other in held:
            if other != name and name in self.carried.get(other, ()):
                raise EndlessTemplate(f"lets {name!r} and {other!r} double each other in a loop")

    def size(self, node: Any) -> int:
        """The most pieces that an expression may come to."""
        n = self.n
        self._count_step()
        if isinstance(node, n.Const | n.TemplateData):
            text = node.value if isinstance(node, n.Const) else node.data
            return max(1, len(text)) if isinstance(text, str) else 1
        if isinstance(node, n.Name):
            return self.sizes.get(node.name, 1)
        if isinstance(node, n.Compare | n.Test | n.Not | n.Sub | n.Div | n.FloorDiv | n.Mod):
            return 1
        parts = [self.size(child) for child in node.iter_child_nodes()]
        if isinstance(node, n.Getattr) and isinstance(node.node, n.Name):
            return self.sizes.get(f"{node.node.name}.{node.attr}", self.size(node.node))
        if isinstance(node, n.CondExpr | n.And | n.Or):
            return max(parts)
        if isinstance(node, n.Mul):
            return self._within(100 * sum(parts), "pieces")
        total = sum(parts) or 1
        if isinstance(node, n.For):
            total *= self._times(node.iter)
        elif self._replaces(node):
            total = parts[0] * self._growth(node)
        elif isinstance(node, n.Call) and isinstance(node.node, n.Name):
            total *= max(1, self.costs.get(node.node.name, 1))
        return self._within(total, "pieces")

    def _replaces(self, node: Any) -> bool:
        n = self.n
        if isinstance(node, n.Filter):
            return node.name in ("replace", "join") and node.node is not None
        called = isinstance(node, n.Call) and isinstance(node.node, n.Getattr)
        return called and node.node.attr in ("replace", "join")

    def _growth(self, node: Any) -> int:
        """By how much `replace(old, new)` or `join(between)` may multiply a text."""
        sizes = [max(1, self.size(value)) for value in node.args]
        if len(sizes) >= 2 and isinstance(node.args[0], self.n.Const):
            return -(-sizes[1] // sizes[0])
        return max(sizes, default=1) + 1

    def _held(self, node: Any) -> Counter[str]:
        """How often a value may hold each attribute of a namespace, itself included."""
        n = self.n
        if isinstance(node, n.Name):
            return Counter(self.carried.get(node.name, Counter()))
        if isinstance(node, n.Getattr) and isinstance(node.node, n.Name):
            return Counter({f"{node.node.name}.{node.attr}": 1})
        if isinstance(node, n.Compare | n.Test | n.Not | n.Sub | n.Div | n.FloorDiv | n.Mod):
            return Counter()
        children = list(node.iter_child_nodes())
        if isinstance(node, n.CondExpr):
            children = [node.expr1, *([node.expr2] if node.expr2 else [])]
        found: Counter[str] = Counter()
        either = isinstance(node, n.CondExpr | n.And | n.Or)
        for child in children:
            found = found | self._held(child) if either else found + self._held(child)
        many = isinstance(node, n.Mul | n.For) or (self._replaces(node) and self._growth(node) > 1)
        return found + found if many else found

    def _targets(self, target: Any) -> list[str]:
        n = self.n
        if isinstance(target, n.NSRef):
            return [f"{target.name}.{target.attr}"]
        if isinstance(target, n.Name):
            return [target.name]
        return [name for child in target.iter_child_nodes() for name in self._targets(child)]

    def _count_step(self) -> None:
        self.steps += 1
        if self.steps > LIMIT // 10:
            raise EndlessTemplate("is too entangled to be judged")

    @staticmethod
    def _within(count: int, what: str) -> int:
        if count > LIMIT:
            raise EndlessTemplate(f"may take more than {LIMIT:,} {what}")
        return count
