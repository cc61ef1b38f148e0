"""Reads of calendars for their pages."""

from dataclasses import dataclass

from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from journal.models import Event
from slas.calendars import content_of
from slas.calendars.content import Content, hours_text
from slas.calendars.services import SUBJECT_KIND
from slas.calendars.wording import Happening, tell
from slas.models import Agreement, BusinessCalendar, CalendarVersion, Clock, SpecialDay

SHOWN_HISTORY = 50


@dataclass(frozen=True)
class Usage:
    """Who counts by a calendar: agreements (not superseded), live clocks, and of these such under an older version."""

    agreements: list[Agreement]
    n_clocks: int
    n_left_behind: int


def calendar_rows() -> QuerySet[BusinessCalendar]:
    """By name, with `n_days` special days, `n_agreements` in use and `n_clocks` that run or pause. One query."""

    def count(rows: QuerySet[SpecialDay] | QuerySet[Agreement] | QuerySet[Clock]) -> Coalesce:
        found = rows.order_by().annotate(one=Value(1)).values("one").annotate(n=Count("pk", distinct=True)).values("n")
        return Coalesce(Subquery(found, output_field=IntegerField()), 0)

    this = OuterRef("pk")
    in_use = Agreement.objects.exclude(state=Agreement.State.SUPERSEDED)
    return BusinessCalendar.objects.annotate(
        n_days=count(SpecialDay.objects.filter(calendar=this)),
        n_agreements=count(in_use.filter(Q(calendar=this) | Q(targets__calendar=this))),
        n_clocks=count(Clock.objects.live().filter(calendar=this)),
    ).order_by("name")


def usage(calendar: BusinessCalendar) -> Usage:
    in_use = Q(calendar=calendar) | Q(targets__calendar=calendar)
    agreements = Agreement.objects.filter(in_use).exclude(state=Agreement.State.SUPERSEDED).distinct().order_by("name")
    live = Clock.objects.live().filter(calendar=calendar)
    counts = live.aggregate(all=Count("pk"), behind=Count("pk", filter=Q(calendar_version__lt=calendar.version)))
    return Usage(list(agreements), counts["all"], counts["behind"])


def history(calendar: BusinessCalendar) -> list[Happening]:
    """What was done to it, newest first."""
    events = Event.objects.filter(subject_kind=SUBJECT_KIND, subject_id=calendar.pk).select_related("actor")
    return [tell(event) for event in events.order_by("-id")[:SHOWN_HISTORY]]


def content_at(calendar: BusinessCalendar, version: int) -> Content | None:
    """What the calendar said at that version; None where it is not known."""
    if version == calendar.version:
        return content_of(calendar)
    found = CalendarVersion.objects.filter(calendar=calendar, number=version).first()
    return found.content if found else None


def week_of(content: Content) -> list[tuple[int, str]]:
    """(weekday, its hours as people write them) from Monday."""
    return [(weekday, hours_text(content["hours"].get(str(weekday), ()))) for weekday in range(7)]
