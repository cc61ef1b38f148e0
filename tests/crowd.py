"""Many incidents from one real one, copied inside the database: what a test or a benchmark of large numbers starts from.

A ticket has one live clock per metric, so every clock comes with a ticket and an incident of its own. Copies have no
events, no journal and no outbox rows: they are as their columns say.
"""

from collections.abc import Mapping

from django.db import connection, models

from incidents.models import Incident
from slas.models import Clock
from tickets.models import Ticket

PREFIX = "CROWD"


def multiply(clock: Clock, n: int, *, first: int = 1, clock_columns: Mapping[str, str] | None = None) -> None:
    """`n` copies of `clock`, its ticket and its incident, numbered CROWD-<first> and so on. `clock_columns` are SQL
    expressions for columns of the copied clock, in which `n` is the number of the copy."""
    numbers = f"generate_series({first}, {first + n - 1}) AS number(n)"
    _copy(Ticket, f"{_table(Ticket)} AS source, {numbers}", clock.ticket_id, {"number": f"'{PREFIX}-' || n"})
    pairs = f"""(SELECT id AS copy_id, split_part(number, '-', 2)::int AS n FROM {_table(Ticket)}
                 WHERE number LIKE '{PREFIX}-%%') AS copies"""  # noqa: S608 (names of our own tables)
    bounds = f"AND n BETWEEN {first} AND {first + n - 1}"
    _copy(Incident, f"{_table(Incident)} AS source, {pairs}", clock.ticket_id, {"ticket_id": "copy_id"}, bounds)
    columns = {"ticket_id": "copy_id", **(clock_columns or {})}
    _copy(Clock, f"{_table(Clock)} AS source, {pairs}", clock.pk, columns, bounds)


def crowd() -> models.QuerySet[Clock]:
    """The copied clocks."""
    return Clock.objects.filter(ticket__number__startswith=f"{PREFIX}-")


def _copy(model: type[models.Model], tables: str, source: int, expressions: Mapping[str, str], where: str = "") -> None:
    key = model._meta.pk.column
    columns = [
        field.column for field in model._meta.concrete_fields if field.column in expressions or field.column != key
    ]
    values = [expressions.get(column, f"source.{column}") for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_table(model)} ({', '.join(columns)}) SELECT {', '.join(values)} FROM {tables} "  # noqa: S608
            f"WHERE source.{key} = %s {where} ORDER BY n",
            [source],
        )


def _table(model: type[models.Model]) -> str:
    return model._meta.db_table
