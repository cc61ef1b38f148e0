from datetime import timedelta

from incidents import services as incidents
from tests.conftest import HOUR
from work.services import watch_ticket

LIST = "/portal/requests/"


def numbers(response):
    return [line.ticket.number for line in response.context["requests"]]


class TestList:
    def test_shows_my_open_requests_newest_first(self, client_of, bob, open_for, now):
        older = open_for(bob, at=now - HOUR)
        newer = open_for(bob)
        assert numbers(client_of(bob).get(LIST)) == [newer.ticket.number, older.ticket.number]

    def test_keeps_solved_ones_open_until_they_are_confirmed(self, client_of, bob, alice, incident, now):
        incidents.resolve_incident(incident=incident, code="fixed", resolution="Done.", actor=alice, now=now)
        assert numbers(client_of(bob).get(LIST)) == [incident.ticket.number]
        incidents.close_incident(incident=incident, actor=bob, now=now)
        assert numbers(client_of(bob).get(LIST)) == []
        assert numbers(client_of(bob).get(f"{LIST}?state=closed")) == [incident.ticket.number]

    def test_of_the_organisation_is_for_its_manager(self, client_of, bob, bea, charlie, incident):
        assert numbers(client_of(bea).get(LIST)) == []
        assert numbers(client_of(bea).get(f"{LIST}?scope=organisation")) == [incident.ticket.number]
        assert numbers(client_of(charlie).get(f"{LIST}?scope=organisation")) == []

    def test_offers_no_organisation_to_a_requester(self, client_of, bob, bea, open_for):
        open_for(bea, subject="Of my manager")
        response = client_of(bob).get(f"{LIST}?scope=organisation")
        assert numbers(response) == []
        assert "Whole organisation" not in response.content.decode()

    def test_of_the_followed_ones(self, client_of, bea, incident, now):
        watch_ticket(ticket=incident.ticket, user=bea, actor=bea, now=now)
        assert numbers(client_of(bea).get(f"{LIST}?scope=followed")) == [incident.ticket.number]

    def test_of_an_agent_has_his_own_only(self, client_of, alice, incident, open_for):
        mine = open_for(alice)
        for scope in ("mine", "organisation"):
            assert numbers(client_of(alice).get(f"{LIST}?scope={scope}")) == [mine.ticket.number]

    def test_finds_every_word_of_the_subject(self, client_of, bob, open_for):
        laptop = open_for(bob, subject="Laptop screen stays black")
        open_for(bob, subject="Laptop is slow")
        assert numbers(client_of(bob).get(f"{LIST}?q=black+laptop")) == [laptop.ticket.number]

    def test_pages_by_key_both_ways(self, client_of, bob, open_for, now):
        opened = [open_for(bob, at=now - timedelta(minutes=n)).ticket.number for n in range(45)]
        client = client_of(bob)
        first = client.get(LIST)
        second = client.get(f"{LIST}?older={first.context['page'].older}")
        third = client.get(f"{LIST}?older={second.context['page'].older}")
        back = client.get(f"{LIST}?newer={third.context['page'].newer}")
        assert [numbers(page) for page in (first, second, third, back)] == [
            opened[:20], opened[20:40], opened[40:], opened[20:40],
        ]  # fmt: skip
        assert (first.context["page"].newer, third.context["page"].older) == ("", "")

    def test_takes_a_broken_cursor_for_none(self, client_of, bob, incident):
        assert numbers(client_of(bob).get(f"{LIST}?older=nonsense")) == [incident.ticket.number]

    def test_says_when_there_is_nothing(self, client_of, bob, db):
        assert "Nothing is open." in client_of(bob).get(LIST).content.decode()
