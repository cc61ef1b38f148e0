"""Calendars as people keep them: what is typed, refused, kept as a version, taken over from a set or a file, and shown."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from journal.models import Event, Job
from slas.calendars import calendar_of, content_of, pure_calendar
from slas.calendars.content import (
    NamedDay,
    check_content,
    difference,
    hours_text,
    joined,
    named_days,
    parse_hours,
    with_days,
)
from slas.calendars.countries import NAMES
from slas.calendars.services import StaleCalendar, save_calendar
from slas.calendars.sets import countries, holiday_set, languages, regions
from slas.calendars.year import DayKind, year_of
from slas.clock import is_open
from slas.models import BusinessCalendar, CalendarVersion, Clock, Metric

OFFICE = (("09:00", "17:00"),)


def content(**fields):
    week = {str(day): [["09:00", "17:00"]] for day in range(5)}
    return {"timezone": "UTC", "hours": week, "holidays": {}, "exceptions": {}, "sources": {}, **fields}


class TestParseHours:
    @pytest.mark.parametrize(
        ("text", "pairs"),
        [
            ("09:00-17:00", [["09:00", "17:00"]]),
            ("13:00-18:00, 9:00–12:00", [["09:00", "12:00"], ["13:00", "18:00"]]),
            ("09:00-12:00，13:00~18:00", [["09:00", "12:00"], ["13:00", "18:00"]]),
            ("00:00-24:00", [["00:00", "24:00"]]),
            ("22:00-06:00+1", [["22:00", "06:00"]]),
            ("09:00-12:00, 12:00-14:00", [["09:00", "12:00"], ["12:00", "14:00"]]),
            ("  ", []),
        ],
    )
    def test_reads_what_people_write(self, text, pairs):
        assert parse_hours(text) == pairs
        assert parse_hours(hours_text(pairs)) == pairs

    @pytest.mark.parametrize(
        ("text", "rule"),
        [
            ("9 to 5", "“9 to 5” is not an interval: write it like 09:00-17:00."),
            ("17:00-09:00", "17:00-09:00 ends before it begins. If it goes on after midnight, write 17:00-09:00+1."),
            ("09:00-09:00", "09:00-09:00 is empty; a whole day is 00:00-24:00."),
            ("09:00-25:00", "09:00-25:00: times go from 00:00 to 23:59, an end may be 24:00."),
            ("24:00-09:00+1", "24:00-09:00: times go from 00:00 to 23:59, an end may be 24:00."),
            ("09:00-17:00+1", "09:00-17:00+1 is longer than a day."),
            ("09:00-13:00, 12:00-18:00", "09:00-13:00 and 12:00-18:00 overlap."),
        ],
    )
    def test_refuses_with_the_rule(self, text, rule):
        with pytest.raises(ValidationError) as error:
            parse_hours(text)
        assert error.value.messages == [rule]


class TestCheckContent:
    @pytest.mark.parametrize(
        ("fields", "field", "rule"),
        [
            ({"timezone": "Mars/Olympus"}, "time_zone", "Mars/Olympus is not a time zone."),
            (
                {"hours": {}},
                "hours",
                "A calendar needs working hours on at least one weekday: without any no clock would ever end.",
            ),
            ({"hours": {"0": [["09:00", "13:00"], ["12:00", "18:00"]]}}, "hours_0", "09:00-13:00 and 12:00-18:00 overlap."),
            ({"hours": {"0": [["nine", "five"]]}}, "hours_0", "“[['nine', 'five']]” is not an interval: write it like 09:00-17:00."),
            (
                {"hours": {"6": [["22:00", "06:00"]], "0": [["05:00", "12:00"]]}},
                "hours_0",
                "22:00-06:00+1 of Sunday runs into 05:00-12:00.",
            ),
            ({"holidays": {"2026-12-24": " "}}, "days", "2026-12-24 needs a name."),
            ({"holidays": {"1789-07-14": "Bastille"}}, "days", "1789-07-14 lies outside the years 1970 to 2199."),
            (
                {"holidays": {"2026-12-24": "Eve"}, "exceptions": {"2026-12-24": {"name": "Eve", "hours": [["09:00", "12:00"]]}}},
                "days",
                "2026-12-24 is there twice.",
            ),
            ({"exceptions": {"2026-12-24": {"name": "Eve", "hours": []}}}, "days", "2026-12-24: a day with hours of its own needs an interval."),
        ],
    )  # fmt: skip
    def test_names_the_field_and_the_rule(self, fields, field, rule):
        with pytest.raises(ValidationError) as error:
            check_content(content(**fields))
        assert error.value.message_dict == {field: [rule]}

    def test_refuses_too_many_days(self):
        days = {(date(1990, 1, 1) + timedelta(days=n)).isoformat(): "Off" for n in range(5001)}
        with pytest.raises(ValidationError, match="at most 5000 special days"):
            check_content(content(holidays=days))

    def test_lets_a_night_shift_end_where_the_day_begins(self):
        check_content(content(hours={"0": [["22:00", "06:00"]], "1": [["06:00", "14:00"]]}))


class TestSaveCalendar:
    def test_makes_one_with_its_first_version(self, admin_user, now):
        made = save_calendar(
            calendar=None, name="Night", actor=admin_user, now=now,
            content=content(timezone="Asia/Shanghai", holidays={"2026-10-01": "国庆节"}, sources={"2026-10-01": "holidays CN"}),
        )  # fmt: skip
        assert content_of(made)["holidays"] == {"2026-10-01": "国庆节"}
        assert made.special_days.get().source == "holidays CN"
        assert CalendarVersion.objects.get(calendar=made).content == content_of(made)
        [event] = Event.objects.filter(subject_kind="calendar", subject_id=made.pk)
        assert (event.name, event.actor, event.data["version"]) == ("calendar.created", admin_user, 1)

    def test_keeps_the_old_version_and_tells_what_changed(self, office, admin_user, now):
        before = content_of(office)
        edited = {**before, "timezone": "Europe/Berlin", "holidays": {"2026-12-24": "Eve"}}
        edited["hours"] = {**before["hours"], "4": [["09:00", "13:00"]]}
        saved = save_calendar(calendar=office, content=edited, actor=admin_user, now=now)
        kept = {row.number: row.content for row in CalendarVersion.objects.filter(calendar=office)}
        assert (saved.version, kept[1], kept[2]["hours"]["4"]) == (2, before, [["09:00", "13:00"]])
        [event] = Event.objects.filter(name="calendar.changed", subject_id=office.pk)
        assert event.data["changes"] == {
            "zone": ["UTC", "Europe/Berlin"],
            "hours": {"4": ["09:00-17:00", "09:00-13:00"]},
            "n_days": 1,
            "days": [{"date": "2026-12-24", "before": None, "after": {"name": "Eve", "hours": "", "source": "typed"}}],
        }

    def test_leaves_the_clocks_that_run_under_the_old_version(self, incident, office, admin_user, now):
        saved = save_calendar(
            calendar=office,
            content={**content_of(office), "hours": {"6": [["09:00", "17:00"]]}},
            actor=admin_user,
            now=now,
        )
        clock = Clock.objects.get(ticket=incident.ticket, metric=Metric.RESOLUTION)
        monday = datetime(2026, 11, 23, 11, tzinfo=UTC)
        assert (is_open(calendar_of(clock), monday), is_open(pure_calendar(saved), monday)) == (True, False)

    def test_makes_no_version_where_nothing_changes(self, office, admin_user, now):
        saved = save_calendar(calendar=office, content=content_of(office), name="Bureau", actor=admin_user, now=now)
        assert (saved.version, saved.name) == (1, "Bureau")
        assert not CalendarVersion.objects.exists()
        assert not Event.objects.filter(subject_kind="calendar").exists()

    def test_is_refused_to_who_may_not_manage_promises(self, office, alice, now):
        with pytest.raises(PermissionDenied):
            save_calendar(calendar=office, content=content(), actor=alice, now=now)
        assert content_of(office) == {**content(), "hours": content_of(office)["hours"]}
        assert not Event.objects.exists()

    def test_refuses_an_edit_of_an_older_version(self, office, admin_user, now):
        edited = {**content_of(office), "timezone": "Asia/Tokyo"}
        save_calendar(calendar=office, content=edited, actor=admin_user, now=now, expected_version=1)
        with pytest.raises(StaleCalendar):
            save_calendar(calendar=office, content=content(), actor=admin_user, now=now, expected_version=1)
        office.refresh_from_db()
        assert (office.version, office.time_zone) == (2, "Asia/Tokyo")

    def test_refuses_a_name_twice(self, office, always, admin_user, now):
        with pytest.raises(ValidationError) as error:
            save_calendar(calendar=always, name=office.name, content=content_of(always), actor=admin_user, now=now)
        assert error.value.message_dict == {"name": ["There is a calendar with this name already."]}

    def test_saves_nothing_of_what_is_wrong(self, office, admin_user, now):
        with pytest.raises(ValidationError):
            save_calendar(calendar=office, content={**content_of(office), "hours": {}}, actor=admin_user, now=now)
        assert office.opening_hours.count() == 5


class TestHolidaySet:
    def test_knows_the_holidays_of_a_region(self):
        bavaria = holiday_set(country="DE", region="BY", years=[2026], hours=OFFICE, language="de")
        berlin = holiday_set(country="DE", region="BE", years=[2026], hours=OFFICE, language="de")
        assert NamedDay(date(2026, 1, 6), "Heilige Drei Könige", (), "holidays DE-BY") in bavaria.days
        assert date(2026, 1, 6) not in [day.date for day in berlin.days]
        assert bavaria.unannounced == []

    def test_names_the_moved_working_days_in_the_chosen_language(self):
        for language, name in (("", "调休上班"), ("zh_CN", "调休上班"), ("en_US", "Working day moved here")):
            china = holiday_set(country="CN", years=[2026], hours=OFFICE, language=language)
            assert {day.name for day in china.days if day.hours} == {name}

    def test_knows_the_working_days_that_china_moved(self):
        china = holiday_set(country="CN", years=[2026], hours=OFFICE)
        by_date = {day.date: day for day in china.days}
        assert by_date[date(2026, 10, 1)].hours == ()
        assert by_date[date(2026, 10, 10)] == NamedDay(date(2026, 10, 10), "调休上班", OFFICE, "holidays CN")
        assert [day.date.isoformat() for day in china.days if day.hours] == [
            "2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10",
        ]  # fmt: skip

    def test_says_which_years_are_not_announced_yet(self):
        found = holiday_set(country="CN", years=[2026, 2040], hours=OFFICE)
        assert found.unannounced == [2040]

    @pytest.mark.parametrize(
        ("choice", "field"),
        [
            ({"country": "XX"}, "country"),
            ({"country": "DE", "region": "TX"}, "region"),
            ({"country": "DE", "language": "tlh"}, "language"),
            ({"country": "DE", "years": range(2000, 2020)}, "last"),
            ({"country": "DE", "years": []}, "last"),
        ],
    )
    def test_refuses_what_it_does_not_know(self, choice, field):
        with pytest.raises(ValidationError) as error:
            holiday_set(**{"years": [2026], "hours": OFFICE, **choice})
        assert list(error.value.message_dict) == [field]

    def test_offers_countries_regions_and_languages(self):
        assert ("CN", "China") in countries()
        assert {code for code, _name in countries()} == set(NAMES)
        assert ("BY", "BY, Bayern") in regions("DE")
        assert regions("XX") == []
        assert languages("CN")[0] == "zh_CN"

    def test_leaves_days_that_are_there_as_they_are(self):
        mine = with_days(content(), [NamedDay(date(2026, 10, 1), "Team day")])
        both = joined(mine, holiday_set(country="CN", years=[2026], hours=OFFICE).days)
        assert both["holidays"]["2026-10-01"] == "Team day"
        assert len(named_days(both)) == 22 + 6


class TestDifference:
    def test_tells_added_removed_and_changed_days(self):
        before = with_days(content(), [NamedDay(date(2026, 1, 1), "One"), NamedDay(date(2026, 1, 2), "Two")])
        after = with_days(content(), [NamedDay(date(2026, 1, 2), "Deux"), NamedDay(date(2026, 1, 3), "Three")])
        changes = difference(before, after)
        assert [(change.before and change.before.name, change.after and change.after.name) for change in changes.days] == [
            ("One", None), ("Two", "Deux"), (None, "Three"),
        ]  # fmt: skip
        assert not difference(before, before)


class TestYear:
    def test_tells_five_kinds_of_days(self):
        days = [
            NamedDay(date(2026, 10, 1), "国庆节"),
            NamedDay(date(2026, 10, 10), "调休上班", OFFICE),
            NamedDay(date(2026, 12, 24), "Eve", (("09:00", "12:00"),)),
        ]
        year = year_of(with_days(content(), days), 2026)
        shown = {day.date: day for month in year.months for week in month.weeks for day in week if day}
        kinds = [shown[date(2026, month, day)].kind for month, day in ((10, 2), (10, 4), (10, 1), (10, 10), (12, 24))]
        assert kinds == [DayKind.WORKING, DayKind.CLOSED, DayKind.HOLIDAY, DayKind.EXTRA, DayKind.OTHER]
        assert len(shown) == 365
        assert sum(year.counts.values()) == 365
        # 261 weekdays, one of them a holiday, one Saturday worked, Christmas Eve 5 hours shorter
        assert (year.n_worked, year.worked) == (261, timedelta(hours=261 * 8 - 5))
        assert [day.name for day in year.months[9].named] == ["国庆节", "调休上班"]

    def test_begins_each_week_on_monday(self):
        january = year_of(content(), 2027).months[0]
        assert [day.date.day if day else None for day in january.weeks[0]] == [None, None, None, None, 1, 2, 3]


class TestPages:
    @pytest.fixture
    def manager(self, client_of, admin_user):
        return client_of(admin_user)

    def edit(self, manager, office, **fields):
        week = {f"hours_{day}": "09:00-17:00" if day < 5 else "" for day in range(7)}
        rows = {"days-TOTAL_FORMS": "0", "days-INITIAL_FORMS": "0"}
        data = {"name": office.name, "time_zone": "UTC", "year": "2026", **week, **rows, **fields}
        return manager.post(f"/service-levels/calendars/{office.pk}/edit/", data)

    def test_dates_stand_in_their_fields_in_every_language(self, client_of, manager_user, office):
        office.special_days.create(date=date(2026, 5, 1), name="Labour Day")
        manager_user.language = "zh-hans"
        manager_user.save()
        page = client_of(manager_user).get(f"/service-levels/calendars/{office.pk}/edit/?year=2026")
        fields = [str(form["date"]) for form in page.context["days"].initial_forms]
        assert len(fields) == 1
        assert 'value="2026-05-01"' in fields[0]

    def test_holidays_of_no_country_are_refused(self, manager, office):
        address = f"/service-levels/calendars/{office.pk}/holidays/"
        assert manager.get(address).status_code == 200
        refused = manager.post(address, {})
        assert refused.status_code == 422
        assert "country" in refused.context["form"].errors

    def save(self, manager, office, review, scope):
        proposal = review.context["proposal"]
        return manager.post(f"/service-levels/calendars/{office.pk}/save/", {"proposal": proposal, "scope": scope})

    def test_everybody_of_the_desk_reads(self, client_of, alice, office, incident):
        page = client_of(alice).get(f"/service-levels/calendars/{office.pk}/?year=2026").content.decode()
        assert "09:00-17:00" in page
        assert "/edit/" not in page

    def test_an_edit_is_foretold_saved_and_rolled_out(self, manager, office, incident):
        review = self.edit(manager, office, hours_0="09:00-13:00")
        assert review.status_code == 200
        assert review.context["impact"].n_moved == 1
        office.refresh_from_db()
        assert office.version == 1
        saved = self.save(manager, office, review, "open")
        job = Job.objects.get()
        assert saved.url == f"/service-levels/jobs/{job.pk}/"
        assert job.params == {"calendar": office.pk, "version": 2}
        names = list(Event.objects.filter(subject_kind="calendar").order_by("id").values_list("name", flat=True))
        assert names == ["calendar.changed", "calendar.applied"]

    def test_only_new_is_written_down_and_can_be_made_up_for(self, manager, office, incident):
        saved = self.save(manager, office, self.edit(manager, office, hours_0="09:00-13:00"), "new")
        assert saved.url == f"/service-levels/calendars/{office.pk}/"
        assert not Job.objects.exists()
        assert Event.objects.filter(name="calendar.kept_from_open", subject_id=office.pk).count() == 1
        assert manager.get(saved.url).context["usage"].n_left_behind == 2
        assert manager.get(f"{saved.url}roll-out/").context["impact"].n_moved == 1
        assert manager.post(f"{saved.url}roll-out/").url == f"/service-levels/jobs/{Job.objects.get().pk}/"

    def test_a_proposal_is_saved_once(self, manager, office):
        review = self.edit(manager, office, hours_0="09:00-13:00")
        self.save(manager, office, review, "new")
        self.save(manager, office, review, "new")
        office.refresh_from_db()
        assert office.version == 2

    @pytest.mark.parametrize("proposal", ["", "forged", "eyJjYWxlbmRhciI6MX0:1vMbHd:4U-x"])
    def test_a_forged_proposal_is_refused(self, manager, office, proposal):
        answer = manager.post(f"/service-levels/calendars/{office.pk}/save/", {"proposal": proposal, "scope": "new"})
        assert answer.status_code == 400

    @pytest.mark.parametrize(
        ("fields", "rule"),
        [
            ({"hours_0": "17:00-09:00"}, "ends before it begins"),
            ({"hours_0": "09:00-13:00, 12:00-18:00"}, "overlap"),
            ({f"hours_{day}": "" for day in range(7)}, "at least one weekday"),
            ({"time_zone": "Mars/Olympus"}, "is not a time zone"),
            ({"days-TOTAL_FORMS": "1", "days-0-date": "", "days-0-name": "Someday"}, "This field is required"),
            (
                {
                    "days-TOTAL_FORMS": "2", "days-0-date": "2026-12-24", "days-0-name": "Eve",
                    "days-1-date": "2026-12-24", "days-1-name": "Eve",
                },
                "2026-12-24 is there twice",
            ),
        ],
    )  # fmt: skip
    def test_refuses_at_the_field(self, manager, office, fields, rule):
        answer = self.edit(manager, office, **fields)
        assert answer.status_code == 422
        assert rule in answer.content.decode()

    def test_days_of_other_years_stay(self, manager, office, admin_user, now):
        days = [NamedDay(date(2025, 5, 1), "Old"), NamedDay(date(2026, 5, 1), "New")]
        save_calendar(calendar=office, content=with_days(content_of(office), days), actor=admin_user, now=now)
        rows = {
            "days-TOTAL_FORMS": "2", "days-INITIAL_FORMS": "1", "days-0-date": "2026-05-01", "days-0-name": "New",
            "days-0-is_removed": "on", "days-1-date": "2026-12-24", "days-1-name": "Eve", "days-1-hours": "09:00-12:00",
        }  # fmt: skip
        self.save(manager, office, self.edit(manager, office, **rows), "new")
        assert [(day.date.isoformat(), day.name, day.hours_text) for day in named_days(content_of(office))] == [
            ("2025-05-01", "Old", ""), ("2026-12-24", "Eve", "09:00-12:00"),
        ]  # fmt: skip

    def test_more_rows_come_without_scripts(self, manager, office):
        answer = self.edit(manager, office, more="1")
        assert (answer.status_code, len(answer.context["days"].forms)) == (200, 5)

    def test_holidays_are_listed_with_their_source_before_they_are_taken_over(self, manager, office):
        path = f"/service-levels/calendars/{office.pk}/holidays/"
        choice = {"country": "CN", "first": "2026", "last": "2026"}
        page = manager.get(path, choice).content.decode()
        assert page.count("holidays CN") == 28
        assert not office.special_days.exists()
        self.save(manager, office, manager.post(path, choice), "new")
        office.refresh_from_db()
        assert (office.country, office.special_days.count()) == ("CN", 28)
        assert office.special_days.get(date=date(2026, 10, 10)).intervals == ["09:00-17:00"]

    def test_an_older_version_can_be_read(self, manager, office, admin_user, now):
        save_calendar(
            calendar=office, content={**content_of(office), "timezone": "Asia/Tokyo"}, actor=admin_user, now=now
        )
        path = f"/service-levels/calendars/{office.pk}/"
        assert manager.get(f"{path}?version=1").context["zone"] == "UTC"
        assert manager.get(path).context["zone"] == "Asia/Tokyo"
        assert manager.get(f"{path}?version=7").status_code == 404

    def test_a_new_calendar_is_saved_at_once(self, manager):
        fields = {"name": "Late", "time_zone": "Europe/Lisbon", "hours_0": "14:00-22:00"}
        manager.post("/service-levels/calendars/new/", {**fields, "days-TOTAL_FORMS": "0", "days-INITIAL_FORMS": "0"})
        made = BusinessCalendar.objects.get(name="Late")
        assert content_of(made)["hours"] == {"0": [["14:00", "22:00"]]}

    def test_the_list_says_who_counts_by_each(self, manager, office, always, incident):
        rows = manager.get("/service-levels/calendars/").context["rows"]
        counts = {row.name: (row.n_agreements, row.n_clocks, row.n_days) for row in rows}
        assert counts == {"Office hours": (1, 2, 0), "Round the clock": (1, 0, 0)}

    def test_the_list_asks_as_often_for_many_as_for_one(
        self, manager, office, django_assert_num_queries, admin_user, now
    ):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        def n_queries():
            with CaptureQueriesContext(connection) as queries:
                manager.get("/service-levels/calendars/")
            return len(queries)

        n_queries()
        one = n_queries()
        for n in range(10):
            save_calendar(calendar=None, name=f"Calendar {n}", content=content(), actor=admin_user, now=now)
        assert n_queries() == one

    def test_a_year_speaks_chinese(self, client_of, admin_user, office):
        admin_user.language = "zh-hans"
        admin_user.save()
        page = client_of(admin_user).get(f"/service-levels/calendars/{office.pk}/?year=2026").content.decode()
        assert '<abbr title="星期一">一</abbr>' in page
        assert "十月" in page
