"""The throw-away cluster itself: who may do what, and what is left after a test with real transactions."""

import pytest
import redis
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import ProgrammingError, connection

from accounts.models import Organisation, Role
from itsm.stack import endpoints


class TestApplicationsRole:
    def test_is_not_the_owner(self, db):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_user")
            assert cursor.fetchone() == ("portico_app",)

    def test_reads_and_writes(self, db):
        Organisation.objects.create(name="Acme", kind=Organisation.Kind.CUSTOMER)
        assert Organisation.objects.count() == 1

    @pytest.mark.parametrize(
        "statement",
        ["TRUNCATE accounts_organisation CASCADE", "DROP TABLE accounts_organisation", "CREATE TABLE mine (id int)"],
    )
    def test_may_not_change_the_schema(self, db, statement):
        with pytest.raises(ProgrammingError), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
class TestAfterATestWithTransactions:
    """Run twice in any order: each finds what migrations made and nothing of the other."""

    @pytest.mark.parametrize("turn", [1, 2])
    def test_the_database_is_as_migrated(self, turn):
        assert not Organisation.objects.exists()
        assert Role.objects.exists()
        assert ContentType.objects.exists()
        Organisation.objects.create(name="Acme", kind=Organisation.Kind.CUSTOMER)
        Role.objects.all().delete()


class TestBroker:
    def test_is_empty_and_answers(self, broker):
        client = redis.Redis.from_url(endpoints.cache_url(broker))
        assert client.dbsize() == 0
        client.set("left", "behind")

    def test_is_the_cache(self, broker):
        cache.set("colour", "green")
        assert cache.get("colour") == "green"
