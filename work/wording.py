"""Every fact of a ticket as a sentence that people read, in the reader's language.

Each app tells its own events: it registers, by event name, a function from the event to a Line. A name nobody tells is
shown as it is; tests/work/test_wording.py sees to it that there is none.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from core.templatetags.portico import short_duration
from journal.models import Event
from slas.models import Metric
from tickets.models import Link


@dataclass(frozen=True)
class Line:
    """One line of a timeline: an icon's name, escaped HTML, and words of a person to be shown below it."""

    icon: str
    text: SafeString
    quote: str = ""


Telling = Callable[[Event], Line]

_tellings: dict[str, Telling] = {}


def register(tellings: Mapping[str, Telling]) -> None:
    """Called by an app's AppConfig.ready()."""
    _tellings.update(tellings)


def line_of(event: Event) -> Line:
    """The event in words. Its actor must be loaded (select_related)."""
    telling = _tellings.get(event.name)
    return telling(event) if telling else Line("history", format_html("{} {}", who(event), event.name))


def names() -> frozenset[str]:
    """The events that somebody tells."""
    return frozenset(_tellings)


# --- words that every app's sentences are made of ------------------------------------------------------------------


def who(event: Event) -> SafeString:
    """The actor in bold; the system by its own name."""
    return strong(event.actor or "Portico")


def strong(text: object) -> SafeString:
    return format_html("<b>{}</b>", text)


def simple(icon: str, sentence: object) -> Telling:
    """A telling whose sentence names nothing but the actor: "{actor} resumed work"."""
    return lambda event: Line(icon, format_html(str(sentence), actor=who(event)))


def in_a_row(parts: Iterable[SafeString]) -> SafeString:
    return SafeString(pgettext("between the parts of a sentence", "; ").join(parts))


def named(value: Any) -> str:
    """A value as the journal keeps it: a row is its name, nothing is a word of its own."""
    if isinstance(value, dict):
        return str(value["name"])
    return str(value) if value not in (None, "") else _("nobody")


def time_of(at: datetime, *, beside: datetime) -> str:
    """A moment in the reader's zone, as short as `beside` allows: 14:05 on the same day, 25 Nov 14:05 in the same year,
    else in full."""
    local, other = timezone.localtime(at), timezone.localtime(beside)
    time = date_format(local, "TIME_FORMAT")
    if local.date() == other.date():
        return time
    if local.year == other.year:
        return f"{date_format(local, 'MONTH_DAY_FORMAT')} {time}"
    return date_format(local, "SHORT_DATETIME_FORMAT")


def in_hours(length: timedelta) -> str:
    """Working time as 24h, 1h 30m or 15m: never in days, which mean 24 hours to some and one shift to others."""
    _day, hour, minute = pgettext("short signs of day, hour and minute, separated by spaces", "d h m").split()
    hours, minutes = divmod(round(abs(length).total_seconds()) // 60, 60)
    if not hours:
        return f"{minutes}{minute}"
    return f"{hours}{hour} {minutes:02d}{minute}" if minutes else f"{hours}{hour}"


def exactly(length: timedelta) -> str:
    """A length to the second, without its sign: 7h 30m, 12m 05s, 0s. For an account, whose lines must add up."""
    sign = pgettext("short signs of hour, minute and second, separated by spaces", "h m s").split()
    minutes, seconds = divmod(round(abs(length).total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(f"{hours}{sign[0]}")
    if minutes or (hours and seconds):
        parts.append(f"{minutes:02d}{sign[1]}" if hours else f"{minutes}{sign[1]}")
    if seconds or not parts:
        parts.append(f"{seconds:02d}{sign[2]}" if parts else f"{seconds}{sign[2]}")
    return " ".join(parts)


def _due(event: Event) -> str:
    at = parse_datetime(event.data.get("due_at") or "")
    return time_of(at, beside=event.at) if at else "–"


# --- events of every ticket ----------------------------------------------------------------------------------------


def _assigned(event: Event) -> Line:
    changes = event.data.get("changes", {})
    places = {"actor": who(event), **{name: strong(named(pair[1])) for name, pair in changes.items()}}
    if event.data.get("why") == "escalation":
        return Line("arrow-right", format_html(_("The escalation handed this over to {team}"), **places))
    if "team" in changes and "assignee" in changes:
        return Line("user-plus", format_html(_("{actor} assigned this to {team}, {assignee}"), **places))
    if "team" in changes:
        return Line("users", format_html(_("{actor} gave this to the team {team}"), **places))
    if changes.get("assignee", [None, None])[1] is None:
        return Line("user-off", format_html(_("{actor} took the assignee off"), **places))
    if event.actor is not None and changes["assignee"][1].get("id") == event.actor_id:
        return Line("user-plus", format_html(_("{actor} took this"), **places))
    return Line("user-plus", format_html(_("{actor} assigned this to {assignee}"), **places))


def _edited(event: Event) -> Line:
    labels = {"subject": gettext_lazy("subject"), "service": gettext_lazy("service")}
    parts = [
        format_html(_("{what} from {before} to {after}"), what=labels.get(name, name), before=_or_none(pair[0]), after=_or_none(pair[1]))
        for name, pair in event.data.get("changes", {}).items()
    ]  # fmt: skip
    return Line("edit", format_html(_("{actor} changed the {changes}"), actor=who(event), changes=in_a_row(parts)))


def _or_none(value: Any) -> SafeString:
    return strong(named(value) if value not in (None, "") else pgettext("value", "none"))


def _linked(event: Event) -> Line:
    other = event.data.get("other", "")
    link = format_html('<a href="{}">{}</a>', reverse("ticket", args=[other]), other)
    type_ = Link.Type(event.data["type"]).label if event.data.get("type") in Link.Type.values else ""
    return Line(
        "link", format_html(_("{actor} linked this with {other} ({type})"), actor=who(event), other=link, type=type_)
    )


def _watching(icon: str, alone: object, other: object) -> Telling:
    def tell(event: Event) -> Line:
        person = event.data.get("user", {})
        is_self = event.actor is not None and person.get("id") == event.actor_id
        sentence = alone if is_self else other
        return Line(icon, format_html(str(sentence), actor=who(event), person=strong(named(person))))

    return tell


def _metric(event: Event) -> SafeString:
    metric = event.data.get("metric", "")
    return strong(Metric(metric).label if metric in Metric.values else metric)


def _warned(event: Event) -> Line:
    return Line(
        "hourglass-high",
        format_html(
            _("{metric}: {percent} % of the time is used, due {time}{late}"),
            metric=_metric(event), percent=event.data.get("percent", ""),
            time=_due(event), late=_late(event),
        ),
    )  # fmt: skip


def _breached(event: Event) -> Line:
    return Line(
        "alert-triangle",
        format_html(
            _("{metric} was due {time} and is breached{late}"),
            metric=_metric(event), time=_due(event), late=_late(event),
        ),
    )  # fmt: skip


def _late(event: Event) -> str:
    """An escalation found after an outage says so; a second or two is no outage."""
    late_by = timedelta(seconds=event.data.get("late_by", 0))
    if late_by < timedelta(minutes=1):
        return ""
    return _(" (told %(length)s late)") % {"length": short_duration(late_by)}


def _recalculated(event: Event) -> Line:
    """The ticket followed an edited calendar or agreement; its actor is who had it edited."""
    sentence = _("The calendar {name} changed: {changes}")
    if event.data.get("why") == "agreement":
        sentence = _("The agreement {name} changed: {changes}")
    changes = in_a_row([_recalculated_clock(event, clock) for clock in event.data.get("clocks", [])])
    return Line("calendar-time", format_html(sentence, name=strong(event.data.get("name", "")), changes=changes))


def _recalculated_clock(event: Event, clock: Mapping[str, Any]) -> SafeString:
    metric = clock.get("metric", "")
    name = strong(Metric(metric).label if metric in Metric.values else metric)
    before, after = (parse_datetime(clock.get(key) or "") for key in ("was_due_at", "due_at"))
    if clock.get("effect") == "ends":
        return format_html(_("{metric} is not promised any more"), metric=name)
    if after is None:
        return format_html(_("{metric} has another time left and is paused"), metric=name)
    sentence = _("{metric} is due {after}, before that {before}") if before else _("{metric} is due {after}")
    times = {"after": time_of(after, beside=event.at), "before": time_of(before, beside=event.at) if before else ""}
    return format_html(sentence, metric=name, **times)


def _target_changed(event: Event) -> Line:
    time = _due(event)
    return Line(
        "alert-triangle",
        format_html(_("{metric} is late by the new target: it was due {time}"), metric=_metric(event), time=time),
    )


def _promised(event: Event) -> Line:
    before = parse_datetime(event.data.get("before") or "")
    sentence = (
        _("{actor} promised it for {time} instead of {before}") if before else _("{actor} promised it for {time}")
    )
    earlier = strong(time_of(before, beside=event.at)) if before else ""
    return Line(
        "calendar-due",
        format_html(sentence, actor=who(event), time=strong(_due(event)), before=earlier),
        quote=event.data.get("words", ""),
    )


def _promise_withdrawn(event: Event) -> Line:
    return Line(
        "calendar-due",
        format_html(_("{actor} took back the promised date {time}"), actor=who(event), time=strong(_due(event))),
    )


register(
    {
        "ticket.replied": simple("message", gettext_lazy("{actor} replied")),
        "ticket.noted": simple("lock", gettext_lazy("{actor} wrote an internal note")),
        "ticket.assigned": _assigned,
        "ticket.edited": _edited,
        "ticket.linked": _linked,
        "ticket.promised": _promised,
        "ticket.promise_withdrawn": _promise_withdrawn,
        "ticket.watched": _watching(
            "eye", gettext_lazy("{actor} watches this"), gettext_lazy("{actor} added {person} as a watcher")
        ),
        "ticket.unwatched": _watching(
            "eye-off", gettext_lazy("{actor} no longer watches this"), gettext_lazy("{actor} removed {person} from the watchers")
        ),
        "sla.warned": _warned,
        "sla.breached": _breached,
        "sla.target_changed": _target_changed,
        "sla.recalculated": _recalculated,
    }
)  # fmt: skip
