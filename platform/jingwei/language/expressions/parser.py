"""A Pratt parser: words to the tree as written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from jingwei.language.expressions.errors import ExpressionError
from jingwei.language.expressions.syntax import (
    Apply,
    Between,
    Chain,
    Choose,
    Compare,
    Dot,
    Empty,
    Items,
    Lookup,
    Prefix,
    Syntax,
    Value,
    Word,
)
from jingwei.language.expressions.tokens import MOST_CHARACTERS, Token, tokens
from jingwei.language.meant_words import meant_sign

MOST_NESTED = 50

_ORDER = frozenset(("==", "!=", "<", "<=", ">", ">="))
_BINARY = _ORDER | {"*", "/", "in", "is", "between"}
# after these something must stand before a sign that joins two
_LEADING = frozenset(("(", "[", ",", "if", "else", "and", "or", "not", "where", "by"))
_LITERALS = frozenset(("number", "percent", "text", "date", "duration"))
_WORDS = {"true": ("boolean", True), "false": ("boolean", False), "null": ("null", None)}
_CLOSING = {"(": ")", "[": "]"}
# `by` has no directions: the greatest is the last
_DIRECTIONS = {
    **dict.fromkeys(("desc", "descending"), "last(… by …)"),
    **dict.fromkeys(("asc", "ascending"), "first(… by …)"),
}


def parse(source: str, most: int = MOST_CHARACTERS) -> Syntax:
    """The tree of `source`, of at most so many characters. Raises ExpressionError at the first word
    that does not fit."""
    if len(source) > MOST_CHARACTERS:  # which nobody keeps thousands of
        return _Parser(source, most).whole()
    return _parsed(source)


@lru_cache(maxsize=4_096)
def _parsed(source: str) -> Syntax:
    return _Parser(source, MOST_CHARACTERS).whole()


class _Parser:
    def __init__(self, source: str, most: int) -> None:
        self.tokens = tokens(source, most)
        self.place = 0
        self.nested = 0
        self.open: list[Token] = []

    # -- moving along the words

    @property
    def word(self) -> Token:
        return self.tokens[self.place]

    def next(self) -> Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def sees(self, *texts: str) -> bool:
        token = self.word
        return token.kind in ("sign", "keyword") and token.text in texts

    def takes(self, text: str) -> bool:
        if self.sees(text):
            self.place += 1
            return True
        return False

    def wants(self, text: str) -> Token:
        if not self.sees(text):
            raise self.unexpected(wanted=text)
        return self.next()

    def unexpected(self, wanted: str | None = None) -> ExpressionError:
        token = self.word
        if token.kind == "end":
            if self.open:
                opened = self.open[-1]
                return ExpressionError(
                    "cut-expression", opened.start, token.end, missing=_CLOSING[opened.text]
                )
            if self.place == 0:
                return ExpressionError("expression-empty", 0, 1)
            before = self.tokens[self.place - 1]
            return ExpressionError(
                "expression-unfinished", before.start, before.end, word=before.text
            )
        nothing = self.place == 0 or self.tokens[self.place - 1].text in _LEADING
        if wanted is None and token.text in _BINARY and nothing:
            return ExpressionError(
                "nothing-before",
                token.start,
                token.end,
                sign=token.text,
                suggestion=f"amount {token.text} 5",
            )
        if wanted is None and token.kind == "keyword" and token.text == "if":
            return ExpressionError(
                "unknown-function",
                token.start,
                token.end,
                name=token.text,
                suggestion="a if condition else b",
            )
        if token.text == "," and self.is_thousands():
            return ExpressionError("wrong-sign", token.start, token.end, sign=",", suggestion="_")
        if wanted is None and token.text in ("contains", "starts_with", "ends_with"):
            return ExpressionError(
                "wrong-sign",
                token.start,
                token.end,
                sign=token.text,
                suggestion=f"{token.text}(…, …)",
            )
        last = self.tokens[self.place - 1] if self.place else token
        if last.text in ("NOT", "Not"):
            return ExpressionError(
                "wrong-sign", last.start, last.end, sign=last.text, suggestion="not"
            )
        if wanted is None:
            return ExpressionError(
                "expression-syntax",
                token.start,
                token.end,
                word=token.text,
                suggestion=meant_sign(token.text),
            )
        if wanted == ")" and token.text.lower() in _DIRECTIONS:
            return ExpressionError(
                "wrong-sign",
                token.start,
                token.end,
                sign=token.text,
                suggestion=_DIRECTIONS[token.text.lower()],
            )
        return ExpressionError(
            "expression-wants", token.start, token.end, word=token.text, wanted=wanted
        )

    def is_thousands(self) -> bool:
        """Whether the comma here divides the digits of one number: `1,000`."""
        before, token, after = self.tokens[self.place - 1 : self.place + 2]
        joined = before.end == token.start and token.end == after.start
        return joined and before.kind == after.kind == "number" and len(after.text) == 3

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.nested += 1
        if self.nested > MOST_NESTED:
            raise ExpressionError(
                "expression-too-deep", self.word.start, self.word.end, limit=MOST_NESTED
            )
        yield
        self.nested -= 1

    # -- the grammar, loosest first

    def whole(self) -> Syntax:
        tree = self.expression()
        if self.word.kind != "end":
            raise self.unexpected()
        return tree

    def expression(self) -> Syntax:
        with self.deeper():
            then = self.any_of()
            if not self.takes("if"):
                return then
            condition = self.any_of()
            self.wants("else")
            otherwise = self.expression()
            return Choose(then.start, otherwise.end, condition, then, otherwise)

    def any_of(self) -> Syntax:
        return self.keyword_chain("or")

    def all_of(self) -> Syntax:
        return self.keyword_chain("and")

    def keyword_chain(self, op: str) -> Syntax:
        operand = self.all_of if op == "or" else self.negation
        first = operand()
        rest = []
        while self.takes(op):
            rest.append((op, operand()))
        return Chain(first.start, rest[-1][1].end, first, tuple(rest)) if rest else first

    def negation(self) -> Syntax:
        if not self.sees("not"):
            return self.comparison()
        start = self.next().start
        with self.deeper():
            operand = self.negation()
        return Prefix(start, operand.end, "not", operand)

    def comparison(self) -> Syntax:
        left = self.sum()
        if self.word.text in _ORDER and self.word.kind == "sign":
            op = self.next().text
            right = self.sum()
            if self.word.text in _ORDER and self.word.kind == "sign":
                raise ExpressionError("comparisons-chained", self.word.start, self.word.end)
            return Compare(left.start, right.end, op, left, right)
        while self.sees("is", "in", "not", "between"):
            left = self.test(left)
        return left

    def test(self, left: Syntax) -> Syntax:
        """`is empty`, `in`, `between`, each with its `not`."""
        if self.takes("is"):
            negated = self.takes("not")
            if self.word.kind == "keyword" and self.word.text.lower() in ("true", "false"):
                sign = "is not" if negated else "is"
                meant = "!=" if negated else "=="
                start = left.end + 1
                raise ExpressionError(
                    "wrong-sign", start, self.word.start - 1, sign=sign, suggestion=meant
                )
            if self.word.text.lower() in ("none", "nil", "blank", "undefined"):
                word = self.word
                raise ExpressionError(
                    "wrong-sign", word.start, word.end, sign=word.text, suggestion="empty"
                )
            if self.takes("null"):
                raise ExpressionError(
                    "wrong-sign",
                    self.tokens[self.place - 1].start,
                    self.word.start,
                    sign="null",
                    suggestion="empty",
                )
            return Empty(left.start, self.wants("empty").end, left, negated)
        negated = self.takes("not")
        if self.takes("in"):
            right = self.sum()
            return Compare(left.start, right.end, "not in" if negated else "in", left, right)
        self.wants("between")
        low = self.sum()
        self.wants("and")
        high = self.sum()
        return Between(left.start, high.end, left, low, high, negated)

    def sum(self) -> Syntax:
        first = self.product()
        rest = []
        while self.sees("+", "-"):
            op = self.next().text
            rest.append((op, self.product()))
        return Chain(first.start, rest[-1][1].end, first, tuple(rest)) if rest else first

    def product(self) -> Syntax:
        first = self.signed()
        rest = []
        while self.sees("*", "/"):
            op = self.next().text
            rest.append((op, self.signed()))
        return Chain(first.start, rest[-1][1].end, first, tuple(rest)) if rest else first

    def signed(self) -> Syntax:
        if self.sees("+"):
            raise self.unexpected()
        if not self.sees("-"):
            return self.path()
        start = self.next().start
        with self.deeper():
            operand = self.signed()
        return Prefix(start, operand.end, "-", operand)

    def path(self) -> Syntax:
        tree = self.atom()
        steps = 0
        while self.sees(".", "["):
            steps += 1
            if steps > MOST_NESTED:
                raise ExpressionError(
                    "expression-too-deep", self.word.start, self.word.end, limit=MOST_NESTED
                )
            tree = self.member(tree) if self.sees(".") else self.lookup(tree)
        return tree

    def member(self, of: Syntax) -> Syntax:
        self.wants(".")
        # After a dot a keyword is a plain word, as in `parent.by`; definitions refuse it as a name.
        if self.word.kind not in ("name", "keyword"):
            raise self.unexpected()
        word = self.next()
        if self.sees("("):
            raise ExpressionError("no-methods", word.start, word.end, name=word.text)
        return Dot(of.start, word.end, of, word.text, word.start)

    def lookup(self, of: Syntax) -> Syntax:
        self.open.append(self.wants("["))
        key = self.expression()
        end = self.wants("]").end
        self.open.pop()
        return Lookup(of.start, end, of, key)

    def atom(self) -> Syntax:
        token = self.word
        if token.kind in _LITERALS:
            self.next()
            return Value(token.start, token.end, token.kind, token.value)
        if token.kind == "keyword" and token.text in _WORDS:
            self.next()
            kind, value = _WORDS[token.text]
            return Value(token.start, token.end, kind, value)
        if token.kind == "name":
            self.next()
            return self.call(token) if self.sees("(") else Word(token.start, token.end, token.text)
        if self.sees("("):
            return self.parenthesis()
        if self.sees("["):
            return self.items()
        raise self.unexpected()

    def parenthesis(self) -> Syntax:
        after_in = self.place > 0 and self.tokens[self.place - 1].text == "in"
        opened = self.next()
        self.open.append(opened)
        inner = self.expression()
        if after_in and self.sees(","):
            raise ExpressionError("list-in-parentheses", opened.start, opened.end)
        self.wants(")")
        self.open.pop()
        return inner

    def items(self) -> Syntax:
        opened = self.next()
        self.open.append(opened)
        found = []
        while not self.sees("]"):
            found.append(self.expression())
            if not self.takes(","):
                break
        end = self.wants("]").end
        self.open.pop()
        return Items(opened.start, end, tuple(found))

    def call(self, name: Token) -> Syntax:
        self.open.append(self.next())
        arguments: list[Syntax] = []
        where = by = None
        while not self.sees(")", "where", "by"):
            arguments.append(self.expression())
            if not self.takes(","):
                break
        if self.takes("where"):
            where = self.expression()
        if self.takes("by"):
            by = self.expression()
        end = self.wants(")").end
        self.open.pop()
        return Apply(name.start, end, name.text, name.end, tuple(arguments), where, by)
