"""A connection to PostgreSQL that also runs statements without the driver's cursor.

A cursor costs more than the database's own answer to a short statement. Here a text is prepared
once a connection and run by one call of libpq, which leaves other threads at work meanwhile.
"""

from __future__ import annotations

import re
import select
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.generators import copy_to, fetch_many
from psycopg.waiting import Wait

if TYPE_CHECKING:
    from psycopg import abc

Asked = tuple[str, Sequence[Any]]  # a text with its values
Heard = Callable[[Sequence[Sequence[Any]]], None]
Message = tuple[bytes, Any, bool]  # a name with values, or a text (True)

# what was prepared was thrown away without our hearing of it, or its table has other columns now
OF_PREPARED = frozenset({"26000", "0A000"})
MOST_KEPT = 300  # statements of ours that a connection keeps; what was not run for longest goes
_USUAL = (None, psycopg.IsolationLevel.READ_COMMITTED)
_IDLE = pq.TransactionStatus.IDLE
_IN_TRANSACTION = pq.TransactionStatus.INTRANS
_FAILED = pq.TransactionStatus.INERROR
_ROWS = pq.ExecStatus.TUPLES_OK
_TAKES_ROWS = pq.ExecStatus.COPY_IN
_PIECE = 256 * 1024  # bytes that libpq is given at once
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.EMPTY_QUERY)
_PLACE = re.compile("%([%s])")


class Line(psycopg.Connection[Any]):
    """`run` is for texts of which there are not many; everything else of the driver is as it is."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._statements: OrderedDict[str, _Statement] = OrderedDict()
        self._made = 0
        self._ours_alone = False  # whether this transaction had statements of ours only
        self._is_copying = False  # whether the database still takes rows that it was sent
        self._first: tuple[str, Heard] | None = None  # of the transaction that is to begin
        self._later: list[Asked] = []  # goes with what is run next, or with the commit
        self._poll: select.poll | None = None

    @property
    def is_plain(self) -> bool:
        """Whether its transactions are the database's usual ones: only these are begun here."""
        usual = self.isolation_level in _USUAL
        return usual and self.read_only is None and self.deferrable is None

    # --- statements

    def run(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of a statement, none of one that gives none. Begins a transaction where the
        driver would. Raises the driver's errors."""
        with self.lock:
            kept, result = self._execute(text, values)
            return self._rows(result, kept.line)

    def changed(self, text: str, values: Sequence[Any]) -> int:
        """How many rows a statement wrote that gives none."""
        with self.lock:
            _, result = self._execute(text, values)
            self._rows(result, None)
            return result.command_tuples or 0

    def run_all(self, statements: Sequence[Asked]) -> list[list[tuple[Any, ...]]]:
        """The rows of several statements that go in one message; each sees what those before it
        did."""
        with self.lock:
            self._settle()
            return [self._rows(result, kept.line) for kept, result in self._trip(statements)]

    def begin_with(self, text: str, heard: Heard) -> bool:
        """Have the transaction that is to begin do so with a statement without values, in one
        message with the first that is run. `heard` is given its rows before anything else is known
        of that message, and may raise `Untouched`. False in a transaction that has begun."""
        with self.lock:
            self._settle()
            if self._is_to_begin():
                self._first = text, heard
                return True
            return False

    def later(self, text: str, values: Sequence[Any]) -> None:
        """Run a statement of which nothing is asked, in one message with the next one or with the
        commit: which raises what is wrong with it."""
        with self.lock:
            self._later.append((text, values))

    def begin(self) -> None:
        """Run what the transaction is to begin with, if it has not begun."""
        with self.lock:
            self._settle()
            if self._first is not None and self._is_to_begin():
                self._later = []
                self._trip([])

    def copy(self, text: str, rows: bytes) -> None:
        """Send rows to a COPY from us, and leave the database at it: whatever is asked next waits
        for its end, and raises what was wrong with them."""
        with self.lock:
            self._settle()
            self._send_off()
            if self._is_to_begin():
                self._ours_alone = True
                self._rows(self.pgconn.exec_(b"BEGIN"), None)
            result = self.pgconn.exec_(text.encode())
            if result.status != _TAKES_ROWS:
                self._rows(result, None)
                raise errors.ProgrammingError(f"it takes no rows: {text}")
            try:
                self.wait(_sent(self.pgconn, rows))
            except BaseException:
                self.close()  # it would go on waiting for the rest
                raise
            self._is_copying = True

    def settle(self) -> None:
        """Wait for the end of what `copy` began. Raises the driver's errors."""
        if self._is_copying:
            with self.lock:
                self._settle()

    def _settle(self) -> None:
        if self._is_copying:
            self._is_copying = False
            for result in self.wait(fetch_many(self.pgconn)):
                self._rows(result, None)

    def _execute(self, text: str, values: Sequence[Any]) -> tuple[_Statement, Any]:
        self._settle()
        if self._later or self._is_to_begin():
            return self._trip([(text, values)])[0]
        kept = self._known(text)
        return kept, self.pgconn.exec_prepared(kept.name, kept.sent(values))

    def _send_off(self) -> None:
        if self._later or (self._first is not None and self._is_to_begin()):
            self._trip([])

    def _trip(
        self, statements: Sequence[Asked], last: bytes | None = None
    ) -> list[tuple[_Statement, Any]]:
        """Statements in one message, behind whatever is to be run before them: their results, which
        may be errors. `last`: a text that is run behind them, if nothing went wrong."""
        first, later = self._first, self._later
        self._first, self._later = None, []
        messages: list[Message] = []
        if begins := self._is_to_begin():
            self._ours_alone = True
            messages.append((b"BEGIN", None, True))
            if first is not None:
                opening = self._known(first[0])
                messages.append((opening.name, None, False))
                unknown = any(text not in self._statements for text, _ in (*later, *statements))
                if unknown or last is not None:
                    # it may tell that the tables are others by now: heard before anything is made,
                    # and before an end that nothing undoes
                    self._hear(self._sent(messages), opening, first[1])
                    messages, begins, first = [], False, None
        asked = []
        for text, values in (*later, *statements):
            kept = self._known(text)
            asked.append(kept)
            messages.append((kept.name, kept.sent(values), False))
        if last is not None:
            messages.append((last, None, True))
        results = self._sent(messages)
        if begins and first is not None:
            self._hear(results[:2], opening, first[1])
            results = results[2:]
        elif begins:
            self._rows(results[0], None)
            results = results[1:]
        for result in results[: len(later)]:
            self._rows(result, None)
        if last is not None:
            for result in results[len(later) :]:
                self._rows(result, None)
        return list(zip(asked[len(later) :], results[len(later) :], strict=False))

    def _hear(self, results: Sequence[Any], opening: _Statement, heard: Heard) -> None:
        began, found = results
        self._rows(began, None)
        heard(self._rows(found, opening.line))

    def _sent(self, messages: Sequence[Message]) -> list[Any]:
        """The results of messages that are sent at once. Where one is an error, those behind it are
        not run."""
        pgconn = self.pgconn
        if len(messages) == 1 and not messages[0][2]:
            return [pgconn.exec_prepared(messages[0][0], messages[0][1])]
        try:
            pgconn.enter_pipeline_mode()
            for what, values, is_text in messages:
                if is_text:
                    pgconn.send_query_params(what, None)
                else:
                    pgconn.send_query_prepared(what, values)
            pgconn.pipeline_sync()
            while pgconn.flush():
                self._await(select.POLLIN | select.POLLOUT)
                pgconn.consume_input()
            results = []
            for _ in messages:
                results.append(self._next())
                self._next(is_end=True)
            self._next()  # of them all
            pgconn.exit_pipeline_mode()
        except BaseException:
            self.close()  # nobody knows what would come next
            raise
        return results

    def _next(self, is_end: bool = False) -> Any:
        while self.pgconn.is_busy():
            self._await(select.POLLIN)
            self.pgconn.consume_input()
        found = self.pgconn.get_result()
        if found is None and not is_end:
            raise errors.OperationalError("the database does not answer what it was asked")
        return found

    def _await(self, events: int) -> None:
        """Wait for the database, and let other threads work meanwhile."""
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self.pgconn.socket, events)
        else:
            self._poll.modify(self.pgconn.socket, events)
        self._poll.poll()

    def _known(self, text: str) -> _Statement:
        kept = self._statements.get(text)
        if kept is None:
            return self._prepare(text)
        self._statements.move_to_end(text)
        return kept

    def _is_to_begin(self) -> bool:
        return self.pgconn.transaction_status == _IDLE and not self.autocommit

    def _prepare(self, text: str) -> _Statement:
        if len(self._statements) >= MOST_KEPT:
            oldest = self._statements.popitem(last=False)[1]
            self._rows(self.pgconn.exec_(b"DEALLOCATE " + oldest.name), None)
        numbered, count = _numbered(text)
        self._made += 1
        name = f"jw_{self._made}".encode()
        self._rows(self.pgconn.prepare(name, numbered.encode()), None)
        made = self._statements[text] = _Statement(name, Transformer(self), count)
        return made

    def _rows(self, result: Any, line: abc.Transformer | None) -> list[tuple[Any, ...]]:
        if result.status == _ROWS:
            if line is None:
                return []
            line.set_pgresult(result)
            found = line.load_rows(0, result.ntuples, tuple)
            line.set_pgresult(None)
            return found
        if result.status in _DONE:
            return []
        if self.closed:
            raise errors.OperationalError(result.get_error_message())
        error = errors.error_from_result(result)
        if error.sqlstate in OF_PREPARED:
            self._statements.clear()  # all are made again, by names that were never used
        raise error

    def answers(self) -> bool:
        """Whether the database is still there; leaves everything as it is. Raises the driver's
        errors where it can tell more."""
        with self.lock:
            self._settle()
            return bool(self.pgconn.exec_(b"").status == pq.ExecStatus.EMPTY_QUERY)

    # --- transactions

    def cursor(self, *given: Any, **named: Any) -> Any:
        """The driver's cursor, which may do anything."""
        with self.lock:
            self._settle()
            self._send_off()
        self._ours_alone = False
        return super().cursor(*given, **named)

    def commit(self) -> None:
        """As the driver's own, in one call. Raises what the driver is silent about: that nothing is
        kept, because a statement failed and was passed over."""
        with self.lock:
            self._settle()
            if self._later:
                self._trip([], b"COMMIT")
                return
            self._first = None  # nothing was asked
            status = self.pgconn.transaction_status
            if status == _IN_TRANSACTION:
                self._rows(self.pgconn.exec_(b"COMMIT"), None)
                return
            if status == _FAILED:  # the database would undo it, and call that no error
                raise errors.InFailedSqlTransaction("a statement before this commit failed")
        super().commit()

    def abandon(self) -> None:
        """Forget what was put off or sent since a savepoint that is to be rolled back: what is
        wrong with it goes with it."""
        with self.lock:
            self._later = []
            with suppress(psycopg.Error):
                self._settle()

    def rollback(self) -> None:
        """As the driver's own, which then throws all prepared statements away, because a table may
        have been made and be gone: statements of ours make none."""
        with self.lock:
            self._first, self._later = None, []
            with suppress(psycopg.Error):  # of what is undone
                self._settle()
            status = self.pgconn.transaction_status
            if status == _IDLE:  # the pool asks each time
                return
            if self._ours_alone and status in (_IN_TRANSACTION, _FAILED):
                self._rows(self.pgconn.exec_(b"ROLLBACK"), None)
                return
        super().rollback()

    def _deallocate(self, name: bytes | None) -> Any:
        """The driver throws all prepared statements away: ours go with its own."""
        if name is None:
            self._statements.clear()
        return super()._deallocate(name)


class _Statement:
    """A prepared statement: its name, and what turns its values into text and its rows into ours.

    Values go as text and without types, so that the database knows each by its place.
    """

    __slots__ = ("_formats", "line", "name")

    def __init__(self, name: bytes, line: abc.Transformer, values: int) -> None:
        self.name = name
        self.line = line
        self._formats = [PyFormat.TEXT] * values

    def sent(self, values: Sequence[Any]) -> Any:
        """Values as the database is sent them."""
        return self.line.dump_sequence(values, self._formats)


def _sent(connection: pq.abc.PGconn, rows: bytes) -> abc.PQGen[None]:
    """Rows on their way, and the word that there are no more."""
    for start in range(0, len(rows), _PIECE):
        yield from copy_to(connection, rows[start : start + _PIECE], flush=False)
    while connection.put_copy_end() == 0:
        yield Wait.W
    while connection.flush():
        yield Wait.W


def _numbered(text: str) -> tuple[str, int]:
    """A text with `$1` for the first `%s`, and how many there are."""
    count = 0

    def place(found: re.Match[str]) -> str:
        nonlocal count
        if found[1] == "%":
            return "%"
        count += 1
        return f"${count}"

    return _PLACE.sub(place, text), count
