"""Small presentation tags of Portico: each draws one mark as escaped HTML, without a style attribute.

Installed as template builtins; templates/components/README.md shows each in use. In long lists these tags are used
instead of cotton components, which cost more per call (STYLE.md, trap 10).
"""

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext
from django.utils.translation import gettext_lazy as _

from core.countdown import ClockState, running_state, short_parts, thresholds

register = template.Library()

_STATE_ICONS = {
    ClockState.ON_TRACK: "clock",
    ClockState.DUE_SOON: "clock-exclamation",
    ClockState.AT_RISK: "hourglass-high",
    ClockState.BREACHED: "alert-triangle",
    ClockState.PAUSED: "player-pause",
    ClockState.MET: "circle-check",
}
_STATE_WORDS = {
    ClockState.ON_TRACK: _("on track"),
    ClockState.DUE_SOON: _("due soon"),
    ClockState.AT_RISK: _("at risk"),
    ClockState.BREACHED: _("breached"),
    ClockState.PAUSED: _("paused"),
    ClockState.MET: _("met"),
}
_PRIORITIES = {1: _("Critical"), 2: _("High"), 3: _("Moderate"), 4: _("Low"), 5: _("Planning")}
_MESSAGE_ICONS = {"success": "circle-check", "warning": "alert-triangle", "error": "alert-octagon"}


# --- icons and people --------------------------------------------------------------------------------------------


@register.simple_tag
def icon(name: str, size: int = 18, label: object = "") -> SafeString:
    """One symbol of the sprite `static/icons.svg` in 14, 16, 18, 22 or 40 pixels. Silent for screen readers, unless
    it has a `label`."""
    css = "pd-ic" if size == 18 else f"pd-ic pd-ic-{size}"
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="{}" {}><use href="{}#{}"></use></svg>', css, spoken, static("icons.svg"), name)


@register.simple_tag
def avatar(person: object, size: str = "", label: bool = False) -> SafeString:
    """Initials of a person (or of any name) on a colour of their own; size "", "sm" or "lg". Silent for screen
    readers, because the name stands beside it; with `label` it speaks the name."""
    name = str(person).strip()
    spoken = (
        format_html('role="img" aria-label="{}" title="{}"', name, name) if label else SafeString('aria-hidden="true"')
    )
    css = f"pd-avatar pd-avatar-{zlib.crc32(name.encode()) % 6 + 1}" + (f" pd-avatar-{size}" if size else "")
    return format_html('<span class="{}" {}>{}</span>', css, spoken, _initials(name))


def _initials(name: str) -> str:
    """AD for Ana Duarte, 伟 for 李伟 (the given name tells people of one family apart), ? for nobody."""
    if not name:
        return "?"
    if "\u4e00" <= name[0] <= "\u9fff":
        return name[1:][-2:] or name
    words = name.split()
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def message_icon(level: str) -> str:
    """The icon of a Django message level."""
    return _MESSAGE_ICONS.get(level, "info-circle")


# --- marks of a ticket -------------------------------------------------------------------------------------------


@register.simple_tag
def priority_mark(priority: int | None, label: object = True) -> SafeString:
    """Priority 1 to 5 as a shape and a word: a square with "!", then three, two, one and no bars. `label` is True
    for "P2 High", False where the word is only spoken, or the words to write instead."""
    if priority is None:
        return SafeString("")
    name = _PRIORITIES[priority]
    words: object = name if label in (True, False) else label
    spoken = SafeString(' class="visually-hidden"') if label is False else SafeString("")
    return format_html(
        '<span class="pd-prio pd-prio-{0}">{1}<span{2}>P{0} {3}</span></span>', priority, _bars(priority), spoken, words
    )


def _bars(priority: int) -> SafeString:
    if priority == 1:
        shapes = SafeString(
            '<rect x="1" y="1" width="14" height="14" rx="3.5"/>'
            '<rect class="pd-prio-cut" x="7" y="3.5" width="2" height="6" rx="1"/>'
            '<circle class="pd-prio-cut" cx="8" cy="11.8" r="1.2"/>'
        )
    else:
        bars = ((1, 9, 6), (6, 5.5, 9.5), (11, 2, 13))
        shapes = format_html_join(
            "",
            '<rect x="{}" y="{}" width="3.6" height="{}" rx="1.2"{}/>',
            (
                (x, y, height, SafeString("" if place < 5 - priority else ' class="pd-prio-off"'))
                for place, (x, y, height) in enumerate(bars)
            ),
        )
    return format_html('<svg viewBox="0 0 16 16" aria-hidden="true">{}</svg>', shapes)


@register.simple_tag
def status_mark(phase: str, label: object) -> SafeString:
    """The state of a ticket: the shape follows its `phase`, the words are the state's own."""
    return format_html('<span class="pd-status pd-status-{}">{}</span>', phase, label)


# --- clocks ------------------------------------------------------------------------------------------------------


@register.simple_tag
def sla_chip(
    due_at: datetime | None,
    state: str = "",
    *,
    started_at: datetime | None = None,
    text: object = "",
    now: datetime | None = None,
) -> SafeString:
    """The chip of one clock: icon, form, and the wall-clock time left until `due_at` in at most two units, negative
    after it. `state` is a ClockState value; empty means a running clock, classed by the time left (and by its share,
    where `started_at` is known). `text` replaces the time. A running chip counts down in the browser.
    Nothing without `due_at`, except for a paused or met clock."""
    if due_at is None and state not in (ClockState.PAUSED, ClockState.MET):
        return SafeString("")
    moment = now or timezone.now()
    shown = ClockState(state) if state else running_state(due_at or moment, now=moment, started_at=started_at)
    words = text or _chip_text(shown, due_at, moment)
    body = format_html(
        '{}<span class="visually-hidden">{}</span> <span data-countdown-target="text">{}</span>',
        icon(_STATE_ICONS[shown], 14),
        gettext("SLA %(state)s:") % {"state": _STATE_WORDS[shown]},
        words,
    )
    css = f"pd-chip pd-sla-{css_state(shown)}"
    if due_at is None:
        return format_html('<span class="{}">{}</span>', css, body)
    due = gettext("Due %(time)s") % {"time": _short_time(due_at, moment)}
    live = SafeString("")
    if not text and shown not in (ClockState.PAUSED, ClockState.MET):
        due_soon_at, at_risk_at = thresholds(due_at, started_at)
        live = format_html(
            ' data-controller="countdown" data-countdown-due-soon-at-value="{}" data-countdown-at-risk-at-value="{}"',
            due_soon_at.isoformat(),
            at_risk_at.isoformat(),
        )
    return format_html(
        '<time class="{}" datetime="{}" title="{}"{}>{}</time>', css, due_at.isoformat(), due, live, body
    )


def _chip_text(state: ClockState, due_at: datetime | None, now: datetime) -> str:
    if state is ClockState.PAUSED:
        return pgettext("clock", "Paused")
    if state is ClockState.MET or due_at is None:
        return pgettext("clock", "Met")
    return short_duration(due_at - now)


@register.filter
def css_state(state: str) -> str:
    """A ClockState value as the end of a class name: at_risk -> at-risk."""
    return str(state).replace("_", "-")


@register.filter
def short_duration(length: timedelta | None) -> str:
    """A timedelta in at most two units: 1d 2h, 1h 05m, 24m; −1h 12m below zero."""
    if length is None:
        return ""
    units = _units()
    parts = short_parts(length)
    words = [
        f"{number:02d}{units[unit]}" if place and unit == "minute" else f"{number}{units[unit]}"
        for place, (number, unit) in enumerate(parts)
    ]
    return ("−" if length < timedelta(0) else "") + " ".join(words)


def _units() -> dict[str, str]:
    day, hour, minute = pgettext("short signs of day, hour and minute, separated by spaces", "d h m").split()
    return {"day": day, "hour": hour, "minute": minute}


def _short_time(at: datetime, now: datetime) -> str:
    """Today's times as 14:05, others with their date."""
    local, today = timezone.localtime(at), timezone.localtime(now).date()
    return date_format(local, "TIME_FORMAT" if local.date() == today else "SHORT_DATETIME_FORMAT")


@register.simple_tag
def sla_ring(percent: float, state: str) -> SafeString:
    """A ring that is filled to `percent` (0 to 100) of a clock, in the colour of its state."""
    filled = max(0.0, min(100.0, float(percent)))
    return format_html(
        '<svg class="pd-ring pd-ring-{}" viewBox="0 0 28 28" aria-hidden="true">'
        '<circle class="pd-ring-track" cx="14" cy="14" r="11"/>'
        '<circle class="pd-ring-value" cx="14" cy="14" r="11" pathLength="100" stroke-dasharray="{} 100"'
        ' transform="rotate(-90 14 14)"/></svg>',
        css_state(state),
        f"{filled:.1f}",
    )


@register.simple_tag
def relative_time(at: datetime | None, form: str = "relative", now: datetime | None = None) -> SafeString:
    """A moment as "3 hours ago", kept fresh by the browser; its own time where there is no JavaScript. `form` is
    "relative" or, where room is short, "micro" (3h)."""
    if at is None:
        return SafeString("")
    moment = now or timezone.now()
    return format_html(
        '<relative-time datetime="{0}" format="{1}" tense="past" lang="{2}" title="{3}" no-title>'
        '<time datetime="{0}">{4}</time></relative-time>',
        at.isoformat(),
        form,
        get_language() or "en",
        date_format(timezone.localtime(at), "DATETIME_FORMAT"),
        _short_time(at, moment),
    )


# --- figures -----------------------------------------------------------------------------------------------------


@register.simple_tag
def bullet_bar(value: float | None, target: float) -> SafeString:
    """A share in percent as a bar with a mark at its target; hatched where it misses it. The number stands beside
    it in the table, so the drawing is silent."""
    if value is None:
        return SafeString("")
    missed = value < target
    hatch = (
        format_html('<line class="pd-bullet-hatch" x1="1%" x2="{}%" y1="7" y2="7"/>', f"{max(value - 1, 1):.1f}")
        if missed
        else SafeString("")
    )
    return format_html(
        '<svg class="pd-bullet{0}" aria-hidden="true"><rect class="pd-bullet-track" width="100%" height="8" y="3" rx="4"/>'
        '<rect class="pd-bullet-value" width="{1}%" height="8" y="3" rx="4"/>{2}'
        '<line class="pd-bullet-target" x1="{3}%" x2="{3}%" y1="0" y2="14"/></svg>',
        " pd-bullet-miss" if missed else "",
        f"{value:.1f}",
        hatch,
        f"{target:.1f}",
    )


@register.simple_tag
def stack_bar(parts: Iterable[tuple[float, str]]) -> SafeString:
    """A bar of parts beside each other: (share of the whole in percent, kind), the kinds coloured in app.css
    (`pd-part-<kind>`). The numbers stand in a table beside it, so the drawing is silent."""
    drawn, place = [], 0.0
    for share, kind in parts:
        width = max(min(share, 100 - place), 0)
        if width:
            drawn.append((kind, f"{place:.2f}", f"{width:.2f}"))
        place += width
    body = format_html_join("", '<rect class="pd-part-{}" x="{}%" width="{}%" height="14"/>', drawn)
    return format_html('<svg class="pd-stack-bar" aria-hidden="true">{}</svg>', body)


@register.simple_tag
def sparkline(values: Sequence[float]) -> SafeString:
    """A line of 60 by 24 pixels through `values`, oldest first; nothing for fewer than two."""
    if len(values) < 2:
        return SafeString("")
    low, high = min(values), max(values)
    step, scale = 58 / (len(values) - 1), 18 / ((high - low) or 1)
    points = " ".join(f"{1 + place * step:.1f},{21 - (value - low) * scale:.1f}" for place, value in enumerate(values))
    return format_html(
        '<svg class="pd-spark" viewBox="0 0 60 24" aria-hidden="true"><polyline points="{}"/></svg>', points
    )


@register.simple_tag
def heat_cell(value: int, peak: int, url: str = "") -> SafeString:
    """A table cell whose shade, in eight steps, says how near `value` is to `peak`; the number stands in it."""
    shade = 0 if not value or not peak else max(1, min(8, round(8 * value / peak)))
    css = format_html(' class="pd-heat-{}"', shade) if shade else SafeString("")
    body: object = format_html('<a href="{}">{}</a>', url, value) if url else value
    return format_html("<td{}>{}</td>", css, body)


@register.simple_tag
def step_bar(done: int, total: int) -> SafeString:
    """How far a request has come, as `total` short bars of which `done` are filled."""
    bars = format_html_join("", "<span{}></span>", ((_done_class(step < done),) for step in range(total)))
    label = gettext("Step %(done)s of %(total)s") % {"done": done, "total": total}
    return format_html('<span class="pd-steps" role="img" aria-label="{}">{}</span>', label, bars)


def _done_class(done: bool) -> SafeString:
    return SafeString(' class="pd-step-done"' if done else "")


@register.simple_tag
def chart_rows(chart: Mapping[str, Any]) -> list[tuple[object, list[tuple[object, str]]]]:
    """The table that says the same as a chart: per category its name and, per series, (value, link or "")."""
    return [
        (
            category,
            [
                (series["data"][place], (series.get("urls") or [""] * len(series["data"]))[place])
                for series in chart["series"]
            ],
        )
        for place, category in enumerate(chart["categories"])
    ]


@register.filter
def as_json(value: object) -> SafeString:
    """A value as JSON that is safe inside <script type="application/json">."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return SafeString(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


# --- forms -------------------------------------------------------------------------------------------------------


@register.simple_tag
def control(field: BoundField, placeholder: object = "", autofocus: bool = False) -> SafeString:
    """The widget of a form field with the class its kind needs. Django itself adds aria-invalid and points
    aria-describedby at the help and the errors, whose ids the field component uses."""
    widget = field.field.widget
    css = {"check": "form-check-input", "select": "form-select", "choices": ""}.get(control_kind(field), "form-control")
    attrs: dict[str, Any] = {"class": f"{widget.attrs.get('class', '')} {css}".strip()}
    if placeholder:
        attrs["placeholder"] = placeholder
    if autofocus:
        attrs["autofocus"] = True
    return field.as_widget(attrs=attrs)


@register.filter
def control_kind(field: BoundField) -> str:
    """What a field looks like: check, choices (radio buttons or several boxes), select or text."""
    match field.field.widget:
        case forms.CheckboxInput():
            return "check"
        case forms.RadioSelect() | forms.CheckboxSelectMultiple():
            return "choices"
        case forms.Select():
            return "select"
    return "text"


# --- words for the browser ---------------------------------------------------------------------------------------


@register.simple_tag
def client_words() -> SafeString:
    """Every word a Stimulus controller writes, in the reader's language, as one JSON block (a data block, so the
    content security policy allows it)."""
    words: Iterable[tuple[str, object]] = (
        ("units", _units()),
        ("states", {state.value: gettext("SLA %(state)s:") % {"state": word} for state, word in _STATE_WORDS.items()}),
        ("icons", {state.value: name for state, name in _STATE_ICONS.items()}),
        ("draft_saving", gettext("Saving…")),
        ("draft_saved", gettext("Draft saved")),
        ("draft_failed", gettext("Not saved")),
        ("draft_restored", gettext("Draft restored")),
        ("offline", gettext("No connection. What you typed is kept; try again in a moment.")),
        ("server_error", gettext("The server could not do this. What you typed is kept; try again in a moment.")),
        ("forbidden", gettext("You may not do this.")),
        ("not_found", gettext("This is no longer there.")),
        ("dismiss", gettext("Dismiss")),
        ("remove", gettext("Remove %(name)s")),
        ("too_large", gettext("%(name)s is larger than %(limit)s.")),
        ("too_many", gettext("At most %(limit)s files.")),
        ("show_table", gettext("Show as table")),
        ("show_chart", gettext("Show as chart")),
        ("bold_text", gettext("bold text")),
        ("link_text", gettext("link text")),
        ("list_item", gettext("list item")),
        ("code_text", gettext("code")),
        ("quote_text", gettext("quote")),
    )
    return format_html('<script type="application/json" id="pd-words">{}</script>', as_json(dict(words)))
