"""What a calendar is, and what working time means at the edges: closings, nights, holidays, summer time."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from slas.clock import (
    Calendar,
    NoWorkingTime,
    add_working,
    holidays_between,
    intervals,
    is_open,
    next_close,
    next_open,
    prev_open,
    working_between,
)

HOUR, MINUTE, NOTHING = timedelta(hours=1), timedelta(minutes=1), timedelta(0)
BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = Calendar("UTC", {day: [("09:00", "17:00")] for day in range(5)})
NO_HOURS = Calendar("UTC", {})
MONDAY = date(2026, 11, 23)


def at(text: str, day: date = MONDAY) -> datetime:
    """A time in the week of Monday 2026-11-23: "10:00", or "Fri 17:00"."""
    name, _, clock = text.rpartition(" ")
    days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index(name) if name else 0
    return datetime.fromisoformat(f"{day + timedelta(days=days)}T{clock}:00+00:00")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


class TestAddWorking:
    def test_goes_on_the_next_morning(self):
        assert add_working(OFFICE, at("16:00"), 2 * HOUR) == at("Tue 10:00")

    def test_skips_the_weekend(self):
        assert add_working(OFFICE, at("Fri 16:30"), HOUR) == at("Mon 09:30", date(2026, 11, 30))

    def test_that_fills_the_day_ends_at_its_closing(self):
        assert add_working(OFFICE, at("09:00"), 8 * HOUR) == at("17:00")

    def test_begins_at_the_opening_when_closed(self):
        assert add_working(OFFICE, at("Sat 12:00"), HOUR) == at("Mon 10:00", date(2026, 11, 30))

    def test_keeps_microseconds(self):
        start = at("16:59") + timedelta(microseconds=1)
        assert add_working(OFFICE, start, MINUTE) == at("Tue 09:00") + timedelta(microseconds=1)

    def test_of_a_negative_duration_goes_back(self):
        assert add_working(OFFICE, at("Tue 10:00"), -2 * HOUR) == at("16:00")

    def test_back_through_a_whole_day_ends_at_its_opening(self):
        assert add_working(OFFICE, at("17:00"), -8 * HOUR) == at("09:00")

    def test_of_nothing_stays_in_working_time(self):
        assert add_working(OFFICE, at("10:00"), NOTHING) == at("10:00")

    def test_of_nothing_stays_at_a_closing(self):
        assert add_working(OFFICE, at("17:00"), NOTHING) == at("17:00")

    def test_of_nothing_moves_a_closed_time_to_the_opening(self):
        assert add_working(OFFICE, at("17:01"), NOTHING) == at("Tue 09:00")

    def test_of_nothing_stays_at_a_closing_that_ends_the_year(self):
        calendar = Calendar("UTC", {3: [("00:00", "24:00")]})
        new_year = datetime(2027, 1, 1, tzinfo=UTC)  # a Friday
        assert add_working(calendar, new_year, NOTHING) == new_year

    def test_answers_in_utc(self):
        answer = add_working(OFFICE, at("10:00").astimezone(BERLIN), HOUR)
        assert answer.tzinfo is UTC
        assert answer == at("11:00")

    def test_of_five_years_of_working_time_crosses_two_decades(self):
        due = add_working(OFFICE, at("09:00"), timedelta(days=5 * 365))
        assert due.year == 2047
        assert working_between(OFFICE, at("09:00"), due) == timedelta(days=5 * 365)

    def test_reaches_back_before_the_epoch(self):
        start = datetime(1970, 1, 2, 10, tzinfo=UTC)
        assert add_working(OFFICE, start, -2 * HOUR) == datetime(1970, 1, 1, 16, tzinfo=UTC)


class TestWorkingBetween:
    def test_counts_open_hours_only(self):
        assert working_between(OFFICE, at("16:00"), at("Tue 10:00")) == 2 * HOUR

    def test_is_negative_when_the_end_is_earlier(self):
        assert working_between(OFFICE, at("Tue 10:00"), at("16:00")) == -2 * HOUR

    def test_is_nothing_on_a_weekend(self):
        assert working_between(OFFICE, at("Sat 00:00"), at("Sun 23:59")) == NOTHING

    def test_of_all_hours_is_elapsed_time(self):
        assert working_between(Calendar.always(), at("10:00"), at("Sun 10:00")) == timedelta(days=6)

    def test_is_nothing_without_hours(self):
        assert working_between(NO_HOURS, at("10:00"), at("Sun 10:00")) == NOTHING


class TestOpenAndClose:
    def test_is_open_from_the_opening_and_not_at_the_closing(self):
        assert is_open(OFFICE, at("09:00"))
        assert is_open(OFFICE, at("16:59"))
        assert not is_open(OFFICE, at("17:00"))
        assert not is_open(OFFICE, at("08:59"))

    def test_next_open_is_now_while_open(self):
        assert next_open(OFFICE, at("10:00")) == at("10:00")
        assert next_open(OFFICE, at("17:00")) == at("Tue 09:00")

    def test_prev_open_is_the_last_moment_of_work(self):
        assert prev_open(OFFICE, at("10:00")) == at("10:00")
        assert prev_open(OFFICE, at("Tue 09:00")) == at("17:00")
        assert prev_open(OFFICE, at("17:00")) == at("17:00")

    def test_next_close_ends_this_or_the_next_working_time(self):
        assert next_close(OFFICE, at("10:00")) == at("17:00")
        assert next_close(OFFICE, at("17:00")) == at("Tue 17:00")

    def test_all_look_over_the_end_of_a_year(self):
        calendar = Calendar("UTC", {0: [("09:00", "17:00")]})
        assert next_open(calendar, datetime(2026, 12, 31, 12, tzinfo=UTC)) == datetime(2027, 1, 4, 9, tzinfo=UTC)
        assert next_close(calendar, datetime(2026, 12, 31, 12, tzinfo=UTC)) == datetime(2027, 1, 4, 17, tzinfo=UTC)
        assert prev_open(calendar, datetime(2027, 1, 1, 12, tzinfo=UTC)) == datetime(2026, 12, 28, 17, tzinfo=UTC)

    def test_a_night_over_new_year_closes_in_the_morning(self):
        nights = Calendar("UTC", {day: [("22:00", "06:00")] for day in range(7)})
        new_years_eve = datetime(2026, 12, 31, 23, tzinfo=UTC)
        assert next_close(nights, new_years_eve) == datetime(2027, 1, 1, 6, tzinfo=UTC)
        assert prev_open(nights, datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2027, 1, 1, tzinfo=UTC)

    def test_intervals_are_clipped(self):
        assert intervals(OFFICE, at("Fri 12:00"), at("Mon 10:00", date(2026, 11, 30))) == [
            (at("Fri 12:00"), at("Fri 17:00")),
            (at("Mon 09:00", date(2026, 11, 30)), at("Mon 10:00", date(2026, 11, 30))),
        ]

    def test_no_intervals_in_a_reversed_span(self):
        assert intervals(OFFICE, at("Tue 10:00"), at("10:00")) == []


class TestHours:
    def test_may_have_a_lunch_break(self):
        calendar = Calendar("UTC", {0: [("09:00", "12:00"), ("13:00", "17:00")]})
        assert add_working(calendar, at("11:30"), HOUR) == at("13:30")

    def test_may_cross_midnight(self):
        calendar = Calendar("UTC", {4: [("22:00", "06:00")]})
        assert intervals(calendar, at("00:00"), at("Sun 00:00")) == [(at("Fri 22:00"), at("Sat 06:00"))]

    def test_may_end_at_24_00_and_join_the_next_day(self):
        calendar = Calendar("UTC", {0: [("20:00", "24:00")], 1: [("00:00", "04:00")]})
        assert intervals(calendar, at("00:00"), at("Sun 00:00")) == [(at("20:00"), at("Tue 04:00"))]

    def test_count_once_where_they_overlap(self):
        calendar = Calendar("UTC", {0: [("13:00", "17:00"), ("09:00", "14:00"), ("10:00", "11:00")]})
        assert intervals(calendar, at("00:00"), at("Sun 00:00")) == [(at("09:00"), at("17:00"))]

    def test_of_a_night_overlap_with_the_next_morning(self):
        calendar = Calendar("UTC", {0: [("22:00", "06:00")], 1: [("05:00", "09:00")]})
        assert working_between(calendar, at("00:00"), at("Sun 00:00")) == 11 * HOUR


class TestHolidaysAndExceptions:
    def test_a_holiday_is_closed(self):
        calendar = Calendar("UTC", OFFICE.hours, holidays={date(2026, 11, 24): "Day of Rest"})
        assert add_working(calendar, at("16:00"), 2 * HOUR) == at("Wed 10:00")
        assert not calendar.is_working_day(date(2026, 11, 24))

    def test_an_exception_opens_a_make_up_saturday(self):
        calendar = Calendar("UTC", OFFICE.hours, exceptions={date(2026, 11, 28): [("10:00", "12:00")]})
        assert add_working(calendar, at("Fri 16:00"), 2 * HOUR) == at("Sat 11:00")
        assert calendar.is_working_day(date(2026, 11, 28))

    def test_an_exception_replaces_the_hours_of_its_day(self):
        calendar = Calendar("UTC", OFFICE.hours, exceptions={MONDAY: [("12:00", "13:00")]})
        assert working_between(calendar, at("00:00"), at("Tue 00:00")) == HOUR

    def test_an_exception_without_intervals_closes_its_day(self):
        calendar = Calendar("UTC", OFFICE.hours, exceptions={MONDAY: []})
        assert next_open(calendar, at("10:00")) == at("Tue 09:00")

    def test_a_holiday_wins_over_an_exception(self):
        calendar = Calendar("UTC", OFFICE.hours, holidays={MONDAY: "Feast"}, exceptions={MONDAY: [("12:00", "13:00")]})
        assert not is_open(calendar, at("12:30"))

    def test_a_night_that_began_before_a_holiday_is_worked_to_its_end(self):
        nights = {day: [("22:00", "06:00")] for day in range(7)}
        calendar = Calendar("UTC", nights, holidays={date(2026, 11, 24): "Feast"})
        assert is_open(calendar, at("Tue 05:00"))
        assert not is_open(calendar, at("Tue 23:00"))
        assert not is_open(calendar, at("Wed 05:00"))

    def test_holidays_between_are_local_days_clipped(self):
        calendar = Calendar(
            "Europe/Berlin", OFFICE.hours, {date(2026, 12, 25): "Christmas", date(2026, 12, 26): "Boxing"}
        )
        assert holidays_between(calendar, berlin("2026-12-25T12:00"), berlin("2026-12-31T00:00")) == [
            (berlin("2026-12-25T12:00"), berlin("2026-12-26T00:00"), "Christmas"),
            (berlin("2026-12-26T00:00"), berlin("2026-12-27T00:00"), "Boxing"),
        ]

    @pytest.mark.parametrize(
        ("zone", "start", "end"),
        [
            ("Pacific/Auckland", "2026-12-24T11:00", "2026-12-25T11:00"),
            ("Pacific/Honolulu", "2026-12-25T10:00", "2026-12-26T10:00"),
        ],
    )
    def test_a_holiday_far_from_utc_is_found_from_within(self, zone, start, end):
        calendar = Calendar(zone, OFFICE.hours, {date(2026, 12, 25): "Christmas"})
        first, last = (datetime.fromisoformat(f"{text}:00+00:00") for text in (start, end))
        for span in [(first, first + HOUR), (last - HOUR, last)]:
            assert holidays_between(calendar, *span) == [(*span, "Christmas")]


class TestSummerTime:
    """Europe/Berlin jumps from 02:00 to 03:00 on 2026-03-29 and back from 03:00 to 02:00 on 2026-10-25."""

    NIGHTS = Calendar("Europe/Berlin", {day: [("22:00", "06:00")] for day in range(7)})

    def test_24_hours_from_saturday_noon_end_at_one_on_sunday(self):
        due = add_working(Calendar.always(), berlin("2026-03-28T12:00"), 24 * HOUR)
        assert due.astimezone(BERLIN).isoformat() == "2026-03-29T13:00:00+02:00"

    def test_the_night_of_the_spring_has_seven_hours(self):
        assert working_between(self.NIGHTS, berlin("2026-03-28T12:00"), berlin("2026-03-29T12:00")) == 7 * HOUR

    def test_the_night_of_the_autumn_has_nine_hours(self):
        assert working_between(self.NIGHTS, berlin("2026-10-24T12:00"), berlin("2026-10-25T12:00")) == 9 * HOUR

    def test_an_opening_in_the_gap_comes_as_much_later_as_the_clock_jumped(self):
        calendar = Calendar("Europe/Berlin", {6: [("02:30", "05:00")]})
        assert next_open(calendar, berlin("2026-03-29T00:00")) == berlin("2026-03-29T03:30")

    def test_an_interval_within_the_gap_comes_after_it(self):
        calendar = Calendar("Europe/Berlin", {6: [("02:15", "02:45")]})
        assert working_between(calendar, berlin("2026-03-29T00:00"), berlin("2026-03-30T00:00")) == 30 * MINUTE

    def test_an_interval_that_closes_before_its_shifted_opening_is_dropped(self):
        calendar = Calendar("Europe/Berlin", {6: [("02:30", "03:15")]})
        assert intervals(calendar, berlin("2026-03-29T00:00"), berlin("2026-03-30T00:00")) == []

    def test_an_opening_shown_twice_is_the_first(self):
        calendar = Calendar("Europe/Berlin", {6: [("02:30", "05:00")]})
        assert next_open(calendar, berlin("2026-10-25T00:00")) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_the_second_showing_of_an_hour_is_told_by_its_fold(self):
        first, second = berlin("2026-10-25T02:30"), berlin("2026-10-25T02:30").replace(fold=1)
        assert working_between(Calendar.always(), first, second) == HOUR

    def test_a_day_that_the_zone_left_out_has_no_hours(self):
        samoa = Calendar("Pacific/Apia", {day: [("09:00", "17:00")] for day in range(7)})
        zone = ZoneInfo("Pacific/Apia")  # went from Thursday 2011-12-29 to Saturday 31
        start, end = datetime(2011, 12, 29, tzinfo=zone), datetime(2012, 1, 1, tzinfo=zone)
        assert working_between(samoa, start, end) == 16 * HOUR

    def test_midnight_may_be_the_hour_that_is_skipped(self):
        zone = ZoneInfo("America/Sao_Paulo")  # 2018-11-04 began at 01:00
        days = Calendar("America/Sao_Paulo", {6: [("00:00", "24:00")]})
        start, end = datetime(2018, 11, 3, tzinfo=zone), datetime(2018, 11, 6, tzinfo=zone)
        assert working_between(days, start, end) == 23 * HOUR


class TestNoWorkingTime:
    @pytest.mark.parametrize("question", [next_open, prev_open, next_close])
    def test_is_raised_by_a_calendar_without_hours(self, question):
        with pytest.raises(NoWorkingTime):
            question(NO_HOURS, at("10:00"))

    @pytest.mark.parametrize("duration", [HOUR, NOTHING, -HOUR])
    def test_is_raised_when_adding_to_a_calendar_without_hours(self, duration):
        with pytest.raises(NoWorkingTime):
            add_working(NO_HOURS, at("10:00"), duration)

    def test_is_raised_when_the_exceptions_are_used_up(self):
        calendar = Calendar("UTC", {}, exceptions={date(2030, 5, 1): [("09:00", "17:00")]})
        assert add_working(calendar, at("10:00"), 8 * HOUR) == datetime(2030, 5, 1, 17, tzinfo=UTC)
        with pytest.raises(NoWorkingTime):
            add_working(calendar, at("10:00"), 8 * HOUR + MINUTE)
        with pytest.raises(NoWorkingTime):
            add_working(calendar, at("10:00"), -MINUTE)

    def test_finds_the_last_exception_behind(self):
        calendar = Calendar("UTC", {}, exceptions={date(2020, 5, 1): [("09:00", "17:00")]})
        assert add_working(calendar, at("10:00"), -HOUR) == datetime(2020, 5, 1, 16, tzinfo=UTC)
        assert prev_open(calendar, at("10:00")) == datetime(2020, 5, 1, 17, tzinfo=UTC)

    def test_is_not_raised_for_an_exception_that_lies_in_another_utc_year(self):
        last_day = Calendar("Pacific/Honolulu", {}, exceptions={date(2026, 12, 31): [("09:00", "17:00")]})
        assert add_working(last_day, at("10:00"), 8 * HOUR) == datetime(2027, 1, 1, 3, tzinfo=UTC)
        first_day = Calendar("Pacific/Auckland", {}, exceptions={date(2021, 1, 1): [("09:00", "17:00")]})
        assert add_working(first_day, at("10:00"), -8 * HOUR) == datetime(2020, 12, 31, 20, tzinfo=UTC)

    def test_is_raised_by_a_duration_beyond_all_years(self):
        with pytest.raises(NoWorkingTime):
            add_working(OFFICE, at("10:00"), timedelta.max)

    def test_is_raised_for_the_closing_of_what_never_closes(self):
        with pytest.raises(NoWorkingTime):
            next_close(Calendar.always(), at("10:00"))

    def test_is_not_raised_when_only_a_far_holiday_closes(self):
        calendar = Calendar("UTC", Calendar.always().hours, holidays={date(2040, 1, 1): "Once"})
        assert next_close(calendar, at("10:00")) == datetime(2040, 1, 1, tzinfo=UTC)


class TestNaiveDatetimes:
    NAIVE = datetime(2026, 11, 23, 10)  # noqa: DTZ001 (the point of the test)

    @pytest.mark.parametrize("question", [is_open, next_open, prev_open, next_close])
    def test_are_refused(self, question):
        with pytest.raises(ValueError, match="no time zone"):
            question(OFFICE, self.NAIVE)

    @pytest.mark.parametrize("question", [working_between, intervals, holidays_between])
    def test_are_refused_at_both_ends(self, question):
        for span in [(self.NAIVE, at("10:00")), (at("10:00"), self.NAIVE)]:
            with pytest.raises(ValueError, match="no time zone"):
                question(OFFICE, *span)

    def test_are_refused_by_add_working(self):
        with pytest.raises(ValueError, match="no time zone"):
            add_working(OFFICE, self.NAIVE, HOUR)

    def test_so_are_years_beyond_reckoning(self):
        with pytest.raises(ValueError, match="years"):
            is_open(OFFICE, datetime.max.replace(tzinfo=UTC))


class TestCalendar:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("Mars/Olympus", {}), "not a known time zone"),
            (("", {}), "not a known time zone"),
            (("../etc/passwd", {}), "not a known time zone"),
            (("Europe", {}), "not a known time zone"),
            ((None, {}), "not a known time zone"),
            (("UTC", {7: [("09:00", "17:00")]}), "7 is not a weekday"),
            (("UTC", {"mon": [("09:00", "17:00")]}), "'mon' is not a weekday"),
            (("UTC", {0: [("9:00", "17:00")]}), "Monday: '9:00' is not a time of day"),
            (("UTC", {1: [("09:00", "25:00")]}), "Tuesday: '25:00' is not a time of day"),
            (("UTC", {1: [("24:00", "25:00")]}), "Tuesday: '24:00' is not a time of day"),
            (("UTC", {1: [("09:60", "10:00")]}), "Tuesday: '09:60' is not a time of day"),
            (("UTC", {1: [("٠٩:00", "10:00")]}), "is not a time of day"),
            (("UTC", {1: [(9, 17)]}), "Tuesday: 9 is not a time of day"),
            (("UTC", {2: [("09:00", "09:00")]}), "Wednesday: the interval 09:00-09:00 is empty"),
            (("UTC", {2: [("09:00",)]}), "Wednesday: .* is not an interval"),
            (("UTC", {2: ["09:00"]}), "Wednesday: .* is not an interval"),
            (("UTC", {}, {"2026-12-25": "Christmas"}), "'2026-12-25' is not a date"),
            (("UTC", {}, {datetime(2026, 12, 25, tzinfo=UTC): "Christmas"}), "is not a date"),
            (("UTC", {}, {}, {date(2026, 12, 24): [("09:00", "9")]}), "2026-12-24: '9' is not a time of day"),
        ],
    )
    def test_refuses_what_is_wrong_and_names_it(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            Calendar(*arguments)

    def test_of_the_same_content_is_equal_and_hashes_alike(self):
        one = Calendar("UTC", {0: [("09:00", "17:00")]}, {MONDAY: "Feast"})
        two = Calendar("UTC", {0: (["09:00", "17:00"],)}, {MONDAY: "Feast"})
        assert one == two
        assert hash(one) == hash(two)
        assert one != Calendar("UTC", {0: [("09:00", "17:00")]}, {MONDAY: "Feast of another name"})
        assert one != "UTC"

    def test_of_the_same_hours_shares_its_tables(self):
        assert Calendar("UTC", OFFICE.hours).timeline is OFFICE.timeline

    def test_does_not_change_with_what_it_was_made_from(self):
        hours = {0: [("09:00", "17:00")]}
        calendar = Calendar("UTC", hours)
        hours[0].append(("18:00", "19:00"))
        hours[1] = [("09:00", "17:00")]
        assert working_between(calendar, at("00:00"), at("Wed 00:00")) == 8 * HOUR
        with pytest.raises(TypeError):
            calendar.hours[1] = ()
        with pytest.raises(AttributeError):
            calendar.timezone = "Europe/Berlin"

    def test_may_be_asked_by_many_threads_at_once(self):
        calendar = Calendar("Europe/Berlin", {day: [("09:00", "16:59")] for day in range(5)})
        starts = [datetime(year, 3, 2, 10, tzinfo=UTC) for year in range(2000, 2030)]
        with ThreadPoolExecutor(max_workers=8) as threads:
            dues = list(threads.map(lambda start: add_working(calendar, start, 4000 * HOUR), starts * 4))
        assert dues == [add_working(calendar, start, 4000 * HOUR) for start in starts] * 4

    def test_survives_a_pickle(self):
        calendar = Calendar(
            "Europe/Berlin", OFFICE.hours, {MONDAY: "Feast"}, {date(2026, 11, 28): [("10:00", "12:00")]}
        )
        is_open(calendar, at("10:00"))
        assert pickle.loads(pickle.dumps(calendar)) == calendar  # noqa: S301 (our own bytes)
