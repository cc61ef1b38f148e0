"""No English word is left for somebody who reads Chinese: whole pages and letters, drawn from rows with Chinese names."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import Organisation, Team, User
from catalog.models import Service
from incidents import services as incidents
from incidents.models import Incident
from incidents.services import mark_outage
from journal import jobs, outbox
from journal.models import Job, Outbox, Webhook
from journal.webhooks import new_secret
from slas.calendars.countries import NAMES as COUNTRIES
from slas.models import Agreement, BusinessCalendar, Outage
from slas.outages.services import change_outage
from slas.sweep import sweep_due_clocks
from tests.architecture.words import english_words
from tickets.models import Channel, Link, WaitingReason
from work import services as work

MINUTE = timedelta(minutes=1)
NAMES = frozenset({"INC", "IP", "MB", "VPN", "http://127.0.0.1:8000/tickets/"}) | available_timezones()
ACCEPTS = {"Accept-Language": "zh-Hans"}


def name_in_chinese(*kinds: Any) -> None:
    for kind in kinds:
        for row in kind.objects.all():
            row.name = f"名称{row.pk}"
            row.save()


@pytest.fixture
def speakers(alice, lead, manager_user, admin_user, bob) -> None:
    names = {alice: "李伟", lead: "王芳", manager_user: "赵磊", admin_user: "张敏", bob: "陈晨"}
    for user, name in names.items():
        user.name, user.language, user.time_zone = name, "zh-hans", "Asia/Shanghai"
        user.save()
    name_in_chinese(Organisation)


@pytest.fixture
def story(speakers, open_for, alice, lead, bob, network, now) -> Iterator[Incident]:
    """An incident to which everything has happened that a page can tell, two days later."""
    name_in_chinese(Team, Service, Agreement, BusinessCalendar)
    network.refresh_from_db()
    first = open_for(bob, subject="远程接入断线", body="每小时断线一次。", impact=3, urgency=1)
    other = open_for(bob, subject="邮件延迟", body="邮件延迟。", impact=1, urgency=1)
    solved = open_for(bob, subject="打印机故障", body="无法打印。", impact=2, urgency=2)
    at, ticket = now + MINUTE, first.ticket
    work.assign_ticket(ticket=ticket, team=network, assignee=alice, actor=alice, now=at)
    work.note_on_ticket(ticket=ticket, body="证书即将过期。", actor=alice, now=at)
    incidents.hold_incident(incident=first, reason=WaitingReason.REQUESTER, comment="在哪里？", actor=alice, now=at)
    work.reply_to_ticket(ticket=ticket, body="在二楼。", actor=bob, now=at, channel=Channel.PORTAL)
    first = Incident.objects.select_related("ticket").get(pk=first.pk)
    incidents.override_priority(incident=first, priority=2, reason="董事会", actor=lead, now=at)
    incidents.categorise_incident(incident=first, category="网络", actor=alice, now=at)
    work.edit_ticket(ticket=first.ticket, actor=alice, now=at, subject="远程接入频繁断线")
    work.watch_ticket(ticket=first.ticket, user=lead, actor=alice, now=at)
    work.link_tickets(source=first.ticket, target=other.ticket, type=Link.Type.CAUSED_BY, actor=alice, now=at)
    incidents.resolve_incident(incident=solved, code="fixed", resolution="已更换。", actor=alice, now=at)
    sweep_due_clocks(now=now + timedelta(days=2))
    with time_machine.travel(now + timedelta(days=2), tick=False):
        yield first


def left_in_english(
    client: Client, addresses: Iterable[str], *, names: frozenset[str] = frozenset()
) -> dict[str, list[str]]:
    """Address -> the English words of its page; only those that have some."""
    keys = Outbox.objects.values_list("dedupe_key", flat=True)
    names = names | NAMES | set(User.objects.values_list("email", flat=True)) | set(keys)
    pages = {address: client.get(address, headers=ACCEPTS) for address in addresses}
    assert {address: page.status_code for address, page in pages.items() if page.status_code != 200} == {}
    words = {address: english_words(page.content.decode(), names=names) for address, page in pages.items()}
    return {address: found for address, found in words.items() if found}


class TestPages:
    def test_of_the_desk_are_chinese(self, client_of, story, admin_user):
        addresses = [
            "/desk/", "/desk/queue/?view=all", "/desk/queue/?view=all&panel=filters&priority=2", "/desk/find/?q=1",
            "/incidents/new/", "/reports/service-levels/", "/reports/service-levels/?period=custom", "/desk/outbox/", "/desk/outbox/?state=done", f"/desk/outbox/{Outbox.objects.latest('pk').pk}/",
        ]  # fmt: skip
        assert left_in_english(client_of(admin_user), addresses) == {}

    def test_about_availability_and_behind_the_percentages_are_chinese(self, client_of, story, admin_user, lead, now):
        mark_outage(incident=story, starts_at=now, ends_at=None, cause="电源故障", actor=lead, now=now + MINUTE)
        outage = Outage.objects.get()
        change_outage(
            outage=outage, service=outage.service, starts_at=now, ends_at=now + MINUTE, cause="断电", actor=admin_user,
            now=now + 2 * MINUTE,
        )  # fmt: skip
        pages = ("availability/", "availability/?period=week", f"availability/{outage.service_id}/", "outages/", "outages/record/", "outages/plan/", f"outages/{outage.pk}/")  # fmt: skip
        addresses = ["/reports/behind/", *(f"/service-levels/{page}" for page in pages)]
        assert left_in_english(client_of(admin_user), addresses) == {}

    def test_about_promises_are_chinese(self, client_of, story, agreement, always, admin_user, now):
        client = client_of(admin_user)
        revised = client.post(f"/service-levels/agreements/{agreement.pk}/revise/")
        assert revised.status_code == 302
        draft = Agreement.objects.get(state=Agreement.State.DRAFT)
        step = draft.steps.first()
        assert step is not None
        whole = ("", "targets/", "steps/", "steps/new/", f"steps/{step.pk}/", "edit/", "activate/")
        agreements = [
            "", "?view=past", "new/", "new/?kind=ola", "new/?kind=uc", f"{agreement.pk}/", f"{agreement.pk}/end/",
            f"{agreement.pk}/dry-run/", f"{agreement.pk}/dry-run/?ticket={story.ticket.number}",
            f"{draft.pk}/?against=1", *(f"{draft.pk}/{page}" for page in whole),
        ]  # fmt: skip
        calendars = ["", "new/", *(f"{always.pk}/{page}" for page in ("", "edit/", "holidays/", "ics/", "roll-out/"))]
        addresses = [
            *(f"/service-levels/agreements/{page}" for page in agreements),
            *(f"/service-levels/calendars/{page}" for page in calendars),
            "/service-levels/forecast/", "/service-levels/replays/",
        ]  # fmt: skip
        assert left_in_english(client, addresses, names=frozenset(COUNTRIES) | {".ics"}) == {}

    def test_of_jobs_and_what_they_found_are_chinese(self, client_of, story, agreement, admin_user):
        client = client_of(admin_user)
        asked = client.post("/service-levels/replays/create/", {"agreement": agreement.pk, "days": 30})
        measured = client.post("/service-levels/forecast/calibrate/")
        waiting = [answer["Location"] for answer in (asked, measured)]
        assert left_in_english(client, waiting) == {}
        while jobs.run_next(now=timezone.now()):
            pass
        found = [f"/service-levels/replays/{job.pk}/" for job in Job.objects.filter(kind="slas.replay")]
        assert found
        assert (
            left_in_english(client, [*waiting, *found, "/service-levels/replays/", "/service-levels/forecast/"]) == {}
        )

    def test_of_webhooks_are_chinese(self, client_of, speakers, admin_user):
        hook = Webhook.objects.create(name="值班", url="https://hooks.example/1", secret=new_secret())
        addresses = ["/desk/webhooks/", f"/desk/webhooks/{hook.pk}/"]
        assert (
            left_in_english(
                client_of(admin_user), addresses, names=frozenset({hook.url, "Standard Webhooks", "JSON", "POST"})
            )
            == {}
        )

    def test_of_an_incident_are_chinese(self, client_of, story, lead):
        page = f"/incidents/{story.ticket.number}/"
        account = f"?account={story.ticket.clocks.latest('pk').pk}"
        edits = ("assign", "prioritise", "override_priority", "service", "categorise", "link", "watch", "mark_outage")
        panels = ["", "?do=resolve", "?do=hold", "?do=cancel", account, *(f"?edit={name}" for name in edits)]
        assert left_in_english(client_of(lead), [page + panel for panel in panels]) == {}

    def test_of_the_portal_are_chinese(self, client_of, story, bob):
        pages = ("", "services/", "status/", "requests/", "requests/?scope=followed", "requests/?state=closed", "requests/?q=0", "search/?q=0", "requests/new/")  # fmt: skip
        requests = [f"requests/{number}/" for number in bob.requested_tickets.values_list("number", flat=True)]
        assert left_in_english(client_of(bob), [f"/portal/{page}" for page in (*pages, *requests)]) == {}

    def test_of_ones_own_account_are_chinese(self, client_of, speakers, admin_user):
        admin_user.set_password("correct horse battery staple")
        admin_user.save()
        addresses = [
            "/me/", "/api/tokens/", "/account/password/change/", "/account/2fa/", "/account/sessions/",
            "/account/logout/", "/me/people/", "/me/people/invite/", f"/me/people/{admin_user.pk}/",
        ]  # fmt: skip
        assert left_in_english(client_of(admin_user), addresses) == {}

    def test_of_the_second_factor_are_chinese(self, client_of, speakers, admin_user):
        admin_user.set_password("correct horse battery staple")
        admin_user.save()
        client = client_of(admin_user)
        assert left_in_english(client, ["/account/reauthenticate/"]) == {}
        client.post("/account/reauthenticate/", {"password": "correct horse battery staple"})
        page = "/account/2fa/totp/activate/"
        shown = left_in_english(client, [page])
        secret = client.session["mfa.totp.secret"]
        assert [word for word in shown.get(page, []) if word not in secret] == []
        code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
        assert client.post("/account/2fa/totp/activate/", {"code": code}).status_code == 302
        codes = " ".join(Authenticator.objects.get(user=admin_user, type="recovery_codes").wrap().get_unused_codes())
        pages = ["", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/"]
        found = left_in_english(client, [f"/account/2fa/{page}" for page in pages])
        assert [word for words in found.values() for word in words if word not in codes] == []

    def test_for_strangers_are_chinese(self, db, client):
        addresses = ["/account/login/", "/account/password/reset/", "/account/password/reset/done/"]
        assert left_in_english(client, addresses) == {}

    def test_of_refusals_are_chinese(self, client_of, speakers, bob):
        client = client_of(bob)
        nowhere, empty = client.get("/nowhere/"), client.post("/portal/requests/new/")
        assert (nowhere.status_code, empty.status_code) == (404, 422)
        for page in (nowhere, empty):
            assert english_words(page.content.decode(), names=NAMES | {bob.email}) == []


def test_letters_are_chinese(story, now: datetime):
    mail.outbox.clear()
    outbox.dispatch(now=now + timedelta(days=2), only=["mail"])
    names = NAMES | set(Incident.objects.values_list("ticket__number", flat=True))
    letters = [(letter.body, str(letter.alternatives[0][0])) for letter in mail.outbox]
    assert len(letters) > 5
    assert [
        english_words(text, names=names) for letter in letters for text in letter if english_words(text, names=names)
    ] == []
