"""Calendars in a real browser: a year at a glance, an edit with what it does to open tickets, and the job that does it."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from tests.e2e.own import promise

LISBON = "Office hours, Lisbon"


def open_calendar(admin, name):
    admin.goto("/service-levels/calendars/")
    admin.click(f"main a:has-text('{name}')")
    admin.wait_for_selector("#year .pd-cal-month >> nth=11")


def own_calendar(stack):
    """A calendar from Monday to Friday, 09:00 to 17:00, that two open tickets count by. Returns its name."""
    day = timedelta(days=1)
    return promise(
        stack, f"Badges {uuid4().hex[:8]}", hours="09:00-17:00", days=5, response=day, resolution=30 * day, n_tickets=2
    )


def edit_monday(admin, hours):
    admin.click("main a:has-text('Edit')")
    admin.fill("[name=hours_0]", hours)
    admin.click("main button:has-text('See what changes')")


def test_an_edit_tells_what_it_does_before_it_does_it(stack, visitor, accessible, fits):
    admin = visitor("admin")
    open_calendar(admin, own_calendar(stack))
    edit_monday(admin, "17:00-09:00")
    assert "ends before it begins" in admin.inner_text("#week .pd-errors")
    accessible(admin)

    admin.fill("[name=hours_0]", "09:00-12:00")
    admin.click("main button:has-text('See what changes')")
    admin.wait_for_selector("#impact")
    assert "Monday: 09:00-17:00 → 09:00-12:00" in admin.inner_text("#changes")
    n_moved = int(admin.inner_text("#impact dd >> nth=0"))
    assert n_moved > 0
    accessible(admin)
    fits(admin)
    admin.click("button:has-text('Save, and apply to open tickets')")
    admin.wait_for_url(re.compile(r"/service-levels/jobs/\d+/"))
    admin.wait_for_selector("#job:has-text('Done')")
    assert f"{n_moved} moved" in admin.inner_text("#job")
    accessible(admin)

    admin.click("#job a.pd-btn")
    assert "Open tickets have followed" in admin.inner_text("#history")
    assert "Monday: 09:00-17:00 → 09:00-12:00" in admin.inner_text("#history")
    assert admin.locator("text=still count by an older version").count() == 0


def test_only_new_tickets_may_follow_and_the_others_later(stack, visitor):
    admin = visitor("admin", javascript=False)
    open_calendar(admin, own_calendar(stack))
    edit_monday(admin, "10:00-12:00, 13:00-17:00")
    admin.click("button:has-text('Save, only for new tickets')")
    assert "For new tickets only" in admin.inner_text("#history")
    admin.click("main a:has-text('What would change if they followed')")
    assert int(admin.inner_text("#impact dd >> nth=0")) > 0
    admin.click("main button:has-text('Apply to open tickets')")
    assert re.search(r"/service-levels/jobs/\d+/", admin.url)


def test_chinese_holidays_bring_the_working_days_they_moved(visitor, accessible, fits):
    admin = visitor("admin")
    open_calendar(admin, LISBON)
    assert admin.locator(".pd-cal-holiday[title]").count() >= 10
    admin.click("main a:has-text('Public holidays')")
    admin.select_option("[name=country]", "CN")
    admin.fill("[name=first]", "2026")
    admin.fill("[name=last]", "2026")
    admin.click("button:has-text('Show the days')")
    worked = admin.locator("#found tr:has-text('调休上班')")
    assert worked.count() == 6
    assert "holidays CN" in worked.first.inner_text()
    accessible(admin)
    fits(admin)


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "dark"), (1440, "light"), pytest.param(390, "light", marks=pytest.mark.matrix)]
)
def test_pages_fit_and_are_accessible(visitor, accessible, fits, width, scheme):
    admin = visitor("admin", width=width, scheme=scheme)
    open_calendar(admin, LISBON)
    here = re.search(r"/service-levels/calendars/\d+/", admin.url).group()
    for page in (here, f"{here}edit/", f"{here}holidays/?country=DE&first=2026&last=2026", f"{here}ics/", f"{here}roll-out/", "/service-levels/calendars/new/"):  # fmt: skip
        admin.goto(page)
        accessible(admin)
        fits(admin)
    admin.goto(f"{here}ics/")
    file = {"name": "x.ics", "mimeType": "text/calendar", "buffer": b"<html>"}
    admin.set_input_files("[name=file]", files=[file])
    admin.click("main button[type=submit]")
    assert "This is not a calendar file that can be read" in admin.inner_text("main .pd-errors")
    accessible(admin)
