"""One snippet under analysis: its imports and definitions, and what its names mean."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from forgemind_assets.foundry.verifiers.known import (
    MODULE_ALIASES,
)
from forgemind_assets.foundry.verifiers.values import (
    Value,
    either,
    of_trust,
)

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Scene:
    """State of the walk: what names mean at this point of the code."""

    tree: ast.Module
    code: str
    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    env: dict[str, Value] = field(default_factory=dict)
    function: ast.FunctionDef | ast.AsyncFunctionDef | None = None
    parents: dict[ast.AST, ast.AST] = field(default_factory=dict)
    depth: int = 0
    readers: Mapping[type, "Reader"] = field(default_factory=dict)

    @staticmethod
    def of(code: str, readers: Mapping[type, "Reader"]) -> "Scene":
        """Parses a snippet. Raises SyntaxError."""
        scene = Scene(ast.parse(code), code, readers=readers)
        for node in ast.walk(scene.tree):
            for child in ast.iter_child_nodes(node):
                scene.parents[child] = node
            if isinstance(node, ast.Import):
                for a in node.names:
                    scene.imports[a.asname or a.name.split(".")[0]] = (
                        a.name if a.asname else a.name.split(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom):
                for a in node.names:
                    scene.imports[a.asname or a.name] = f"{node.module or ''}.{a.name}"
            elif isinstance(node, FunctionNode):
                scene.functions[node.name] = node
            elif isinstance(node, ast.ClassDef):
                scene.classes[node.name] = node
        return scene

    def dotted(self, node: ast.AST) -> str:
        """Full name of a function or attribute, through imports; `?` stands for an expression."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            root = self.imports.get(node.id) or MODULE_ALIASES.get(node.id, node.id)
        else:
            root = "?"
        return ".".join([root, *reversed(parts)])

    def value(self, node: ast.AST | None) -> Value:
        """The value of an expression at this point."""
        if node is None:
            return Value()
        reader = self.readers.get(type(node))
        return (
            reader(self, node)
            if reader
            else either(
                self.value(c) for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)
            )
        )

    def keyword(self, call: ast.Call, name: str) -> ast.expr | None:
        """The keyword argument of a call."""
        return next((k.value for k in call.keywords if k.arg == name), None)

    def argument(self, call: ast.Call, position: int, *names: str) -> ast.expr | None:
        """An argument by position, or by one of its names."""
        if position < len(call.args) and not any(
            isinstance(a, ast.Starred) for a in call.args[: position + 1]
        ):
            return call.args[position]
        return next((k.value for k in call.keywords if k.arg in names), None)


def bind(scene: Scene, target: ast.AST, value: Value) -> None:
    """Gives a target (name, tuple, attribute) a value."""
    if isinstance(target, ast.Name):
        scene.env[target.id] = value
    elif isinstance(target, ast.Attribute):
        scene.env[scene.dotted(target)] = value
    elif isinstance(target, ast.Starred):
        bind(scene, target.value, value)
    elif isinstance(target, ast.Tuple | ast.List):
        for position, element in enumerate(target.elts):
            own = (
                value.parts[position]
                if len(value.parts) == len(target.elts)
                else of_trust(value.trust, value.names)
            )
            bind(scene, element, own)
    elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
        old = scene.env.get(target.value.id, Value())
        scene.env[target.value.id] = either((old, value))


Reader = Callable[[Scene, ast.AST], Value]
