"""The journal cannot be rewritten by the application, whatever its code does."""

import pytest
from django.db import ProgrammingError, connection, transaction

from journal.models import Event
from journal.services import record_event


@pytest.mark.parametrize("statement", ["UPDATE journal_event SET name = 'x'", "DELETE FROM journal_event", "TRUNCATE journal_event"])  # fmt: skip
def test_database_refuses_the_applications_role(db, now, statement):
    record_event(name="ticket.noted", subject_kind="ticket", subject_id=1, actor=None, at=now)
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert Event.objects.count() == 1


def test_application_may_not_switch_to_the_owner(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False, False, False)
        cursor.execute("SELECT tableowner = current_user FROM pg_tables WHERE tablename = 'journal_event'")
        assert cursor.fetchone() == (False,)
