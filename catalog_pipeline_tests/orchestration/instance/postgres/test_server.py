"""What is asked of a server, and done there, while it breaks connections."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as db
from sqlalchemy.exc import DBAPIError

from catalog_pipeline.orchestration.instance.postgres.address import for_driver
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline_tests.postgres_server import Database

OWN = db.select(db.func.pg_backend_pid())
MAKE = "CREATE TABLE numbers (number integer)"
PUT = "INSERT INTO numbers VALUES (1)"


@pytest.fixture
def server(database: Database) -> Iterator[Server]:
    made = Server(for_driver(database.url))
    yield made
    made.dispose()


def broken(connection: db.Connection, database: Database) -> int:
    """Let the server end a connection; returns which it was."""
    pid = int(connection.execute(OWN).scalar_one())
    database.rows(f"SELECT pg_terminate_backend({pid}, 5000)")
    return pid


def test_a_question_is_asked_again_on_another_connection(
    server: Server, database: Database
) -> None:
    with server.connection() as connection:
        pid = broken(connection, database)
        assert connection.execute(OWN).scalar_one() != pid


def test_what_changes_something_is_not_done_again(server: Server, database: Database) -> None:
    database.does(MAKE)
    with server.connection() as connection:
        broken(connection, database)
        with pytest.raises(DBAPIError):
            connection.execute(db.text(PUT))
    assert database.rows("SELECT * FROM numbers") == []


def test_a_question_within_a_transaction_is_none_by_itself(
    server: Server, database: Database
) -> None:
    def ask() -> None:
        with server.transaction() as connection:
            broken(connection, database)
            connection.execute(OWN)

    with pytest.raises(DBAPIError):
        ask()


def test_a_transaction_that_was_broken_off_is_begun_again(
    server: Server, database: Database
) -> None:
    database.does(MAKE)
    breaks = [True]

    def act(connection: db.Connection) -> str:
        connection.exec_driver_sql(PUT)
        if breaks:
            breaks.clear()
            broken(connection, database)
        connection.exec_driver_sql(PUT)
        return "done"

    assert server.transact(act, lambda connection, answer: False) == "done"
    assert len(database.rows("SELECT * FROM numbers")) == 2


def test_what_is_wrong_with_a_statement_is_an_error_at_once(
    server: Server, database: Database
) -> None:
    tries = []

    def act(connection: db.Connection) -> None:
        tries.append(1)
        connection.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="division by zero"):
        server.transact(act, lambda connection, answer: False)
    with pytest.raises(DBAPIError, match="division by zero"):
        server.ask("SELECT 1 / 0", ())
    assert len(tries) == 1
