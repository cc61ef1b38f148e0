"""Numbers, times and addresses as the dashboard writes them, in the reader's language and time zone."""

from datetime import date, datetime, timedelta
from functools import cache

from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from reports.filters import TicketFilter
from reports.periods import Period

HOUR = timedelta(hours=1)
TWO_DAYS = timedelta(days=2)


def list_url(wanted: TicketFilter) -> str:
    """The queue of exactly these tickets."""
    return f"{_queue()}?{wanted.query_string()}"


@cache
def _queue() -> str:
    """Looked up once: a page has hundreds of links to it."""
    return reverse("desk:queue")


def period_words(period: Period) -> str:
    return _("%(first)s to %(last)s") % {
        "first": date_format(period.first, "DATE_FORMAT"),
        "last": date_format(period.last, "DATE_FORMAT"),
    }


def day_name(day: date) -> str:
    return date_format(day, pgettext("short date format, as Django writes them", "j M"))


def hour_name(at: datetime) -> str:
    return f"{at:%H:%M}"


def decimal(value: float) -> str:
    return number_format(value, decimal_pos=1)


def signed(value: float) -> str:
    """With a real minus sign; "" for no change is the caller's affair."""
    number = number_format(abs(value), decimal_pos=1 if isinstance(value, float) else 0)
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number}"


def length(value: timedelta, *, with_sign: bool = False) -> tuple[str, str]:
    """A number and its unit: hours up to two days, then days."""
    unit, name = (HOUR, _("h")) if abs(value) < TWO_DAYS else (timedelta(days=1), _("d"))
    number = round(value / unit, 1)
    return (signed(number) if with_sign else decimal(number)), name


def or_dash(value: float | None) -> str:
    return "–" if value is None else decimal(value)
