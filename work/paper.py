"""What goes out on paper: the account of a clock, as its page shows it."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from core.paper import typeset
from tickets.models import Ticket
from work.selectors.ledger import Account, Entry
from work.selectors.steps import Step


def account_on_paper(account: Account, *, ticket: Ticket, now: datetime) -> bytes:
    """The PDF of an account, in the language and the time zone that are active."""
    words = [
        (_("Used"), account.total_words),
        (_("Remaining"), account.remaining),
        *([(_("Next step"), account.next_step)] if account.next_step else []),
        *([(_("Promised before"), "; ".join(account.past))] if account.past else []),
    ]
    data = {
        "language": (get_language() or "en").split("-")[0],
        "title": _("%(metric)s: where the time went") % {"metric": account.title},
        "ticket": f"{ticket.number} {ticket.subject}",
        "printed": _("As of %(time)s, time zone %(zone)s") % {"time": _moment(now), "zone": timezone.get_current_timezone_name()},
        "facts": [[fact.label, fact.words] for fact in account.facts] + [list(pair) for pair in words],
        "head": [_("From"), _("To"), _("What"), _("Counted")],
        "lines": [line for entry in account.entries for line in _lines(entry)],
        "sum": [_("Sum"), account.total_words],
        "steps_title": _("Escalation steps"),
        "steps": [_step(step) for step in account.steps],
    }  # fmt: skip
    return typeset("work/account.typ", data)


def _lines(entry: Entry) -> list[dict[str, object]]:
    """A segment; of a folded stretch its heading and, in small type, what is in it."""
    return [_line(entry, is_part=False), *(_line(part, is_part=True) for part in entry.parts)]


def _line(entry: Entry, *, is_part: bool) -> dict[str, object]:
    cells = [_moment(entry.starts_at), _moment(entry.ends_at), entry.words, entry.counted_words or "–"]
    return {"cells": cells, "kind": entry.kind, "is_part": is_part}


def _step(step: Step) -> list[str]:
    """When and what, and what came of it."""
    came = [step.words, step.why, step.told and _("Told %(people)s") % {"people": step.told}, step.did]
    reached = _moment(step.fired_at) if step.fired_at else ""
    planned = _moment(step.planned_at) if step.planned_at else "–"
    what = f"{step.what}: {step.will}" if step.will else step.what
    return [planned, what, "; ".join(part for part in [reached, *came] if part)]


def _moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATETIME_FORMAT")
