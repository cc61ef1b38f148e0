"""The past in bulk: facts of what happened elsewhere or long ago, appended a few thousand at a time.

By COPY, because facts are most of what an import writes: through INSERT and a model instance each, they would be most of its
time as well.
"""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any

from django.db import connection

from journal.models import Event, Visibility
from journal.services import Actor

COLUMNS = ("at", "name", "subject_kind", "subject_id", "actor_id", "visibility", "data")


@dataclass(slots=True)
class Fact:
    """An Event to be; its fields are the event's. The subject's key may be filled in later."""

    name: str
    at: datetime
    actor: Actor | None
    visibility: Visibility
    subject_kind: str
    subject_id: int = 0
    data: dict[str, Any] = field(default_factory=dict)


def append_facts(facts: Iterable[Fact]) -> None:
    """Append them in this order, inside the caller's transaction."""
    rows = StringIO()
    csv.writer(rows).writerows(
        [
            fact.at.isoformat(), fact.name, fact.subject_kind, fact.subject_id, fact.actor and fact.actor.pk,
            fact.visibility.value,
            json.dumps(fact.data),
        ]
        for fact in facts
    )  # fmt: skip
    rows.seek(0)
    copy = f"COPY {Event._meta.db_table} ({', '.join(COLUMNS)}) FROM STDIN WITH (FORMAT csv)"
    with connection.cursor() as cursor, connection.wrap_database_errors:
        cursor.copy_expert(copy, rows)
