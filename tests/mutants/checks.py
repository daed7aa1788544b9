"""Finds the checks in a module, and makes the module's functions without one of them.

A check is what refuses input: a condition before a ``raise``, before a sentence that says what is wrong or before a
``return False``; a call of a guard such as ``reader.end()``; an ``except`` that turns a foreign error into ours. Each
condition gives a mutant that never refuses, and one more for each of its operands, for each half of ``a <= b < c`` and
for each member of two tuples that are compared. An operand is not cut out but loses its say, so that what it assigns
is still there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from types import CodeType
from typing import Final

#: What instrumented code calls: the number of a check, and what the condition came to.
RECORDER: Final = "__met__"

#: Calls whose result nobody takes, and that are there for what they raise.
_GUARD = re.compile(r"_?(check|end|same|verify|expect|parse_status|fromisoformat|target_bytes|rule_sets)(_|\Z)")
#: Calls that take down a problem, and go on.
_SAYS = frozenset({"note", "failed", "not_checked", "_malformed", "_unknown_key"})
_PROBLEMS = frozenset({"str | None", "Iterator[str]", "bool"})


@dataclass(frozen=True, slots=True)
class Check:
    """One mutant: ``function`` by its qualified name, without what ``change`` says. ``number`` counts in its module."""

    number: int
    function: str
    line: int
    change: str


class Rewriter(ast.NodeTransformer):
    """Goes through a module in its order and numbers the checks; without ``chosen`` it has each report to RECORDER.

    ``chosen``: the number of the one that is taken out, instead.
    """

    def __init__(self, chosen: int | None = None) -> None:
        self.checks: list[Check] = []
        self._chosen = chosen
        self._scope: list[str] = []
        self._function: list[ast.FunctionDef] = []

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """Remember the class."""
        self._scope.append(node.name)
        self.generic_visit(node)
        self._scope.pop()
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Remember the function; one inside of another belongs to that."""
        if not self._function:
            self._scope.append(node.name)
        self._function.append(node)
        self.generic_visit(node)
        self._function.pop()
        if not self._function:
            self._scope.pop()
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """Look at each block for conditions after which the rest of the block refuses."""
        if self._function:
            for name in ("body", "orelse", "finalbody"):
                block = getattr(node, name, None)
                if isinstance(block, list):
                    self._look_at(block)
        return super().generic_visit(node)

    def _look_at(self, block: list[ast.stmt]) -> None:
        for statement, following in pairwise([*block, ast.Pass()]):
            if not isinstance(statement, ast.If):
                continue
            if self._refuses(statement.body):
                statement.test = self._condition(statement.test, refused_when=True)
            elif self._refuses_otherwise(statement, following):
                statement.test = self._condition(statement.test, refused_when=False)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """Take a sentence or nothing for what is wrong, or nothing."""
        self.generic_visit(node)
        if self._function and self._returns() == "str | None":
            if _is_sentence(node.body) and _is_none(node.orelse):
                node.test = self._condition(node.test, refused_when=True)
            elif _is_none(node.body) and _is_sentence(node.orelse):
                node.test = self._condition(node.test, refused_when=False)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """Take each operand of what a predicate returns for a check."""
        self.generic_visit(node)
        if self._function and self._returns() == "bool" and node.value is not None:
            node.value = self._operands(node.value)
        return node

    def visit_Expr(self, node: ast.Expr) -> ast.AST | list[ast.stmt]:
        """Leave out the call of a guard."""
        self.generic_visit(node)
        if not self._function or not isinstance(node.value, ast.Call) or not _GUARD.match(_name(node.value)):
            return node
        number = self._new(node, f"without {ast.unparse(node.value)}")
        if _name(node.value) == "_expect":
            node.value.args[0] = self._operands(node.value.args[0])
        if self._chosen is None:
            return [ast.Expr(_met(number, ast.Constant(value=True))), node]
        return ast.Pass() if self._chosen == number else node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        """Let a foreign error go on as it is."""
        self.generic_visit(node)
        if self._function and self._refuses(node.body) and node.type is not None:
            number = self._new(node, f"without turning {ast.unparse(node.type)} into an error of ours")
            if self._chosen is None:
                node.body.insert(0, ast.Expr(_met(number, ast.Constant(value=True))))
            elif self._chosen == number:
                node.body = [ast.Raise()]
        return node

    def _refuses_otherwise(self, statement: ast.If, following: ast.stmt) -> bool:
        match statement:
            case ast.If(orelse=[ast.If()]):
                return False
            case ast.If(orelse=[], body=[*_, ast.Return() | ast.Continue()]):
                return isinstance(following, ast.Raise)
        return self._refuses(statement.orelse)

    def _refuses(self, block: list[ast.stmt]) -> bool:
        return any(self._is_refusal(statement) for statement in block)

    def _is_refusal(self, statement: ast.stmt) -> bool:
        match statement:
            case ast.Raise():
                return True
            case ast.Return(value=ast.Constant(value=False)):
                return True
            case ast.Return(value=value):
                return self._returns() in _PROBLEMS and _is_sentence(value)
            case ast.Expr(value=ast.Yield(value=value)):
                return self._returns() in _PROBLEMS and _is_sentence(value)
            case ast.Expr(value=ast.Call() as call):
                return _name(call) in _SAYS or ast.unparse(call.func) == "problems.append"
            case _:
                return False

    def _returns(self) -> str:
        returns = self._function[-1].returns
        return "" if returns is None else ast.unparse(returns)

    def _condition(self, test: ast.expr, *, refused_when: bool) -> ast.expr:
        number = self._new(test, f"`{ast.unparse(test)}` is always {not refused_when}")
        return self._apply(number, self._operands(test), shows_when=refused_when)

    def _operands(self, node: ast.expr) -> ast.expr:
        """Make each operand of a condition a check of its own."""
        match node:
            case ast.BoolOp(op=op, values=values):
                whole = ast.unparse(node)
                node.values = [self._operand(value, of=op, all_of=whole) for value in values]
            case ast.UnaryOp(op=ast.Not()):
                node.operand = self._operands(node.operand)
            case ast.Call(func=ast.Name(id="all" | "any"), args=[ast.GeneratorExp() as each]):
                each.elt = self._operands(each.elt)
            case ast.Compare(ops=[_, _]):
                return self._halves(node)
            case ast.Compare(left=ast.Tuple(), ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Tuple()]):
                return self._members(node)
        return node

    def _operand(self, value: ast.expr, *, of: ast.boolop, all_of: str) -> ast.expr:
        number = self._new(value, f"`{all_of}` without `{ast.unparse(value)}`")
        return self._apply(number, self._operands(value), shows_when=isinstance(of, ast.Or))

    def _halves(self, node: ast.Compare) -> ast.expr:
        whole, middle = ast.unparse(node), node.comparators[0]
        first = ast.Compare(node.left, node.ops[:1], [middle])
        second = ast.Compare(middle, node.ops[1:], node.comparators[1:])
        result: ast.expr = node
        for left_out, kept in ((first, second), (second, first)):
            number = self._new(node, f"`{whole}` without `{ast.unparse(left_out)}`")
            result = self._replaced(number, result, kept, shows_when=False)
        return result

    def _members(self, node: ast.Compare) -> ast.expr:
        whole, (right,) = ast.unparse(node), node.comparators
        assert isinstance(node.left, ast.Tuple)
        assert isinstance(right, ast.Tuple)
        pairs = list(zip(node.left.elts, right.elts, strict=True))
        result: ast.expr = node
        for left_out in pairs:
            number = self._new(node, f"`{whole}` without {ast.unparse(left_out[0])}")
            kept = [pair for pair in pairs if pair is not left_out]
            sides = [ast.Tuple(list(side), ast.Load()) for side in zip(*kept, strict=True)]
            other = ast.Compare(sides[0], node.ops, [sides[1]])
            result = self._replaced(number, result, other, shows_when=isinstance(node.ops[0], ast.NotEq))
        return result

    def _new(self, node: ast.expr | ast.stmt | ast.excepthandler, change: str) -> int:
        self.checks.append(Check(len(self.checks), ".".join(self._scope), node.lineno, change))
        return len(self.checks) - 1

    def _apply(self, number: int, node: ast.expr, *, shows_when: bool) -> ast.expr:
        """Give a condition the other outcome than the one in which it shows, whatever it comes to."""
        op = ast.And() if shows_when else ast.Or()
        return self._replaced(number, node, ast.BoolOp(op, [node, ast.Constant(not shows_when)]), shows_when=shows_when)

    def _replaced(self, number: int, node: ast.expr, other: ast.expr, *, shows_when: bool) -> ast.expr:
        if self._chosen is None:
            return _met(number, node, shows_when)
        return other if self._chosen == number else node


def checks(tree: ast.Module) -> list[Check]:
    """Return the checks in a module; the tree is of no use any more."""
    rewriter = Rewriter()
    rewriter.visit(tree)
    return rewriter.checks


def compiled(source: str, path: str, chosen: int | None = None) -> Callable[[str], CodeType]:
    """Return what finds the code of a function in the changed module by its qualified name."""
    tree = ast.fix_missing_locations(Rewriter(chosen).visit(ast.parse(source)))
    codes = {code.co_qualname: code for code in _codes(compile(tree, path, "exec", dont_inherit=True))}
    return codes.__getitem__


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _met(number: int, value: ast.expr, shows_when: bool = True) -> ast.Call:
    arguments = [ast.Constant(number), value, ast.Constant(shows_when)]
    return ast.Call(ast.Name(RECORDER, ast.Load()), arguments, [])


def _name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_sentence(node: ast.expr | None) -> bool:
    match node:
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.JoinedStr():
            return True
    return False


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
