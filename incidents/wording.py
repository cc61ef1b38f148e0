"""The events of an incident in words."""

from django.utils.dateparse import parse_datetime
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from incidents.models import ResolutionCode
from journal.models import Event
from tickets.models import Channel, Impact, Priority, Urgency, WaitingReason
from work.wording import Line, Telling, in_a_row, named, simple, strong, time_of, who


def _opened(event: Event) -> Line:
    channel = event.data.get("channel", "")
    via = Channel(channel).label if channel in Channel.values else channel
    return Line("flag", format_html(_("{actor} opened this ({channel})"), actor=who(event), channel=via))


def _held(event: Event) -> Line:
    reason = event.data.get("reason", "")
    words = WaitingReason(reason).label if reason in WaitingReason.values else reason
    return Line(
        "player-pause", format_html(_("{actor} put this on hold: {reason}"), actor=who(event), reason=strong(words))
    )


def _resolved(event: Event) -> Line:
    code = event.data.get("code", "")
    words = ResolutionCode(code).label if code in ResolutionCode.values else code
    return Line(
        "circle-check",
        format_html(_("{actor} resolved this: {code}"), actor=who(event), code=strong(words)),
        quote=event.data.get("resolution", ""),
    )


def _closed(event: Event) -> Line:
    if event.actor is None:
        return Line("lock", format_html(_("{actor} closed this: nobody objected in time"), actor=who(event)))
    return Line("lock", format_html(_("{actor} closed this"), actor=who(event)))


def _cancelled(event: Event) -> Line:
    return Line("x", format_html(_("{actor} cancelled this"), actor=who(event)), quote=event.data.get("reason", ""))


def _prioritised(event: Event) -> Line:
    changes = event.data.get("changes", {})
    parts = []
    if "priority" in changes:
        before, after = (f"P{value}" if value in Priority.values else "–" for value in changes["priority"])
        parts.append(format_html(_("priority {before} → {after}"), before=strong(before), after=strong(after)))
    for name, label, choices in (
        ("impact", gettext_lazy("impact"), Impact),
        ("urgency", gettext_lazy("urgency"), Urgency),
    ):
        if name in changes:
            value = changes[name][1]
            words = choices(value).label if value in choices.values else value
            parts.append(format_html("{} {}", label, strong(words)))
    return Line(
        "adjustments-horizontal",
        format_html(_("{actor} set {changes}"), actor=who(event), changes=in_a_row(parts)),
        quote=event.data.get("reason", ""),
    )


def _categorised(event: Event) -> Line:
    _before, after = event.data.get("changes", {}).get("category", ["", ""])
    words = after or pgettext("category", "none")
    return Line(
        "tag", format_html(_("{actor} set the category to {category}"), actor=who(event), category=strong(words))
    )


def _outage_marked(event: Event) -> Line:
    starts_at, ends_at = (parse_datetime(event.data.get(name) or "") for name in ("starts_at", "ends_at"))
    places = {
        "actor": who(event),
        "service": strong(named(event.data.get("service"))),
        "start": time_of(starts_at, beside=event.at) if starts_at else "–",
        "end": time_of(ends_at, beside=event.at) if ends_at else "–",
    }
    if ends_at is None:
        return Line("plug-connected", format_html(_("{actor} marked {service} as down since {start}"), **places))
    return Line("plug-connected", format_html(_("{actor} marked {service} as down from {start} to {end}"), **places))


def _imported(event: Event) -> Line:
    source, number = (strong(event.data.get(name, "")) for name in ("source", "number"))
    return Line("archive", format_html(_("Imported from {source}, where it is {number}"), source=source, number=number))


TELLINGS: dict[str, Telling] = {
    "incident.imported": _imported,
    "incident.opened": _opened,
    "incident.started": simple("player-play", gettext_lazy("{actor} started work")),
    "incident.held": _held,
    "incident.resumed": simple("player-play", gettext_lazy("{actor} resumed work")),
    "incident.resolved": _resolved,
    "incident.reopened": simple("rotate-clockwise", gettext_lazy("{actor} reopened this")),
    "incident.closed": _closed,
    "incident.cancelled": _cancelled,
    "incident.prioritised": _prioritised,
    "incident.categorised": _categorised,
    "incident.outage_marked": _outage_marked,
}
