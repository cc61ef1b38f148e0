"""Somebody's calendar file: whole days come over, repeated as long as wanted; what is broken or too much is refused whole."""

import time
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from slas.calendars.ics import MOST_BYTES, read_ics

HOURS = (("09:00", "17:00"),)


def ics(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\nUID:{number}@x\n{event}\nEND:VEVENT\n" for number, event in enumerate(events))
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//EN\n{body}END:VCALENDAR\n".replace("\n", "\r\n").encode()


def read(*events: str, years=(2026,)):
    return read_ics(ics(*events), years=years, hours=HOURS, source="ICS x.ics")


def dates(*events: str, years=(2026,)):
    return [day.date.isoformat() for day in read(*events, years=years).days]


class TestDays:
    def test_a_whole_day_closes_by_its_name_and_source(self):
        [day] = read("DTSTART;VALUE=DATE:20261224\nSUMMARY:Christmas  Eve").days
        assert (day.date, day.name, day.hours, day.source) == (date(2026, 12, 24), "Christmas Eve", (), "ICS x.ics")

    def test_several_days_end_before_their_end(self):
        week = "DTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227\nSUMMARY:Break"
        assert dates(week) == ["2026-12-24", "2026-12-25", "2026-12-26"]
        assert dates("DTSTART;VALUE=DATE:20261224\nDURATION:P2D\nSUMMARY:Break") == ["2026-12-24", "2026-12-25"]

    def test_midnight_to_midnight_is_a_whole_day(self):
        assert dates("DTSTART:20261224T000000\nDTEND:20261225T000000\nSUMMARY:Eve") == ["2026-12-24"]

    def test_events_with_a_time_of_day_and_cancelled_ones_are_left_out_with_a_word(self):
        found = read(
            "DTSTART:20261224T100000Z\nDTEND:20261224T110000Z\nSUMMARY:Meeting",
            "DTSTART;VALUE=DATE:20261225\nSUMMARY:Off\nSTATUS:CANCELLED",
            "DTSTART;VALUE=DATE:20200101\nDTEND;VALUE=DATE:20300101\nSUMMARY:A decade",
        )
        assert (list(found.days), found.n_events) == ([], 3)
        assert found.notes == [
            "1 event has a time of day and is left out.",
            "1 event is cancelled and is left out.",
            "1 event is longer than a year and is left out.",
        ]

    def test_two_events_on_a_day_share_it(self):
        found = read("DTSTART;VALUE=DATE:20261001\nSUMMARY:国庆节", "DTSTART;VALUE=DATE:20261001\nSUMMARY:Fair")
        assert [day.name for day in found.days] == ["国庆节 / Fair"]

    def test_a_day_worked_for_another_is_open(self):
        found = read("DTSTART;VALUE=DATE:20261010\nSUMMARY:国庆节 补班")
        assert [(day.name, day.hours) for day in found.days] == [("国庆节 补班", HOURS)]

    def test_a_day_without_a_name_is_called_closed(self):
        assert [day.name for day in read("DTSTART;VALUE=DATE:20261010").days] == ["Closed"]


class TestRecurrences:
    def test_are_written_out_for_the_wanted_years(self):
        yearly = "DTSTART;VALUE=DATE:20000501\nRRULE:FREQ=YEARLY\nSUMMARY:Labour Day"
        assert dates(yearly, years=(2026, 2027)) == ["2026-05-01", "2027-05-01"]

    def test_follow_weekdays_counts_and_ends(self):
        thanksgiving = "DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH\nSUMMARY:Thanksgiving"
        assert dates(thanksgiving) == ["2026-11-26"]
        assert dates("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:Off") == [
            "2026-01-05",
            "2026-01-12",
        ]
        until = "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;UNTIL=20260107\nSUMMARY:Off"
        assert dates(until) == ["2026-01-05", "2026-01-06", "2026-01-07"]

    def test_leave_out_what_is_excepted_and_take_in_what_is_added(self):
        event = "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=3\nEXDATE;VALUE=DATE:20260112\nRDATE;VALUE=DATE:20260301\nSUMMARY:Off"
        assert dates(event) == ["2026-01-05", "2026-01-19", "2026-03-01"]

    def test_one_of_them_may_be_moved(self):
        series = "DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=2\nSUMMARY:Off"
        moved = "DTSTART;VALUE=DATE:20260113\nRECURRENCE-ID;VALUE=DATE:20260112\nSUMMARY:Off"
        data = ics(series, moved).replace(b"UID:1@x", b"UID:0@x")
        found = read_ics(data, years=(2026,), hours=HOURS, source="x")
        assert [day.date.isoformat() for day in found.days] == ["2026-01-05", "2026-01-13"]

    def test_of_a_break_over_new_year_the_wanted_part_comes(self):
        event = "DTSTART;VALUE=DATE:20201230\nDTEND;VALUE=DATE:20210103\nRRULE:FREQ=YEARLY\nSUMMARY:Break"
        assert dates(event) == ["2026-01-01", "2026-01-02", "2026-12-30", "2026-12-31"]


class TestRefusals:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x00\xff\xfe not a calendar",
            b"<html>Sign in</html>",
            b"BEGIN:VCARD\r\nEND:VCARD\r\n",
            ics("DTSTART;VALUE=DATE:20261224\nSUMMARY:Off")[:-40],
            ics("SUMMARY:No start"),
            ics("DTSTART;VALUE=DATE:20261399\nSUMMARY:No such day"),
            ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=SOMETIMES\nSUMMARY:Off"),
            ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=SECONDLY\nSUMMARY:Off"),
        ],
        ids=["empty", "binary", "html", "card", "torn", "no start", "no such day", "no such frequency", "secondly"],
    )
    def test_a_broken_file_is_refused_whole(self, data):
        with pytest.raises(ValidationError, match="Nothing was imported"):
            read_ics(data, years=(2026,), hours=HOURS, source="x")

    def test_one_broken_event_refuses_the_rest(self):
        data = ics("DTSTART;VALUE=DATE:20261224\nSUMMARY:Off", "DTSTART;VALUE=DATE:2026\nSUMMARY:Broken")
        with pytest.raises(ValidationError, match="event 2"):
            read_ics(data, years=(2026,), hours=HOURS, source="x")

    def test_fifty_thousand_events_are_refused_at_once(self):
        data = ics(*["DTSTART;VALUE=DATE:20261224\nSUMMARY:Off"] * 50_000)
        began = time.monotonic()
        with pytest.raises(ValidationError, match="50000 events, more than 5000"):
            read_ics(data, years=(2026,), hours=HOURS, source="x")
        assert time.monotonic() - began < 1

    def test_a_rule_that_never_comes_true_costs_little(self):
        never = "DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30\nSUMMARY:Off"
        began = time.monotonic()
        assert dates(never) == ["2026-01-01"]
        assert time.monotonic() - began < 10  # 0.8 s on a quiet machine; up to the year 9999 it were 40

    def test_many_such_rules_are_refused(self, monkeypatch):
        monkeypatch.setattr("slas.calendars.ics.MOST_SECONDS", 0.0)
        with pytest.raises(ValidationError, match="repeats its events too often"):
            read(*["DTSTART;VALUE=DATE:20260101\nRRULE:FREQ=YEARLY\nSUMMARY:Off"] * 2)

    def test_a_leap_day_is_kept(self):
        leap = "DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY\nSUMMARY:Leap"
        assert dates(leap, years=range(2024, 2033)) == ["2024-02-29", "2028-02-29", "2032-02-29"]

    def test_endless_repetition_is_refused(self):
        daily = "DTSTART;VALUE=DATE:19000101\nRRULE:FREQ=DAILY\nSUMMARY:Off"
        with pytest.raises(ValidationError, match="repeats its events too often"):
            read(*[daily] * 3)


class TestImportPage:
    @pytest.fixture
    def upload(self, client_of, admin_user, office):
        def _upload(data: bytes):
            file = SimpleUploadedFile("team.ics", data, content_type="text/calendar")
            path = f"/service-levels/calendars/{office.pk}/ics/"
            return client_of(admin_user).post(path, {"file": file, "first": "2026", "last": "2027"})

        return _upload

    def test_shows_every_day_and_saves_none(self, upload, office):
        answer = upload(
            ics("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY\nSUMMARY:Eve", "DTSTART:20260101T100000Z\nSUMMARY:Call")
        )
        page = answer.content.decode()
        assert [change.after.name for change in answer.context["changes"].days] == ["Eve", "Eve"]
        assert "ICS team.ics" in page
        assert "1 event has a time of day and is left out." in page
        assert not office.special_days.exists()

    def test_is_saved_from_there(self, upload, office, client_of, admin_user):
        proposal = upload(ics("DTSTART;VALUE=DATE:20261224\nSUMMARY:Eve")).context["proposal"]
        path = f"/service-levels/calendars/{office.pk}/save/"
        client_of(admin_user).post(path, {"proposal": proposal, "scope": "new"})
        assert list(office.special_days.values_list("date", "name", "source")) == [
            (date(2026, 12, 24), "Eve", "ICS team.ics")
        ]

    def test_a_broken_file_is_named_at_the_field(self, upload, office):
        answer = upload(b"<html>")
        assert answer.status_code == 422
        assert "This is not a calendar file that can be read" in answer.content.decode()
        assert not office.special_days.exists()

    def test_a_file_that_is_too_large_is_refused_unread(self, upload):
        answer = upload(b"x" * (MOST_BYTES + 1))
        assert (answer.status_code, "larger than 5 MB" in answer.content.decode()) == (422, True)
