"""Agreements in sentences: what an escalation step does, and what was done to a version."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from journal.models import Event
from slas import durations
from slas.models import EscalationStep, Metric

ROLES = {
    "assignee": gettext_lazy("the assignee"),
    "lead": gettext_lazy("the team lead"),
    "manager": gettext_lazy("the manager"),
    "owner": gettext_lazy("the service owner"),
}


def listed(words: Iterable[object]) -> str:
    """ "a, b, c" as the reader's language writes a list."""
    return pgettext("list", ", ").join(str(word) for word in words)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class StepWords:
    """When a step fires, what it does, and under which conditions."""

    when: str
    does: list[str]
    only: list[str]

    @property
    def sentence(self) -> str:
        return "; ".join([self.when, *self.does, *self.only])


def step_words(step: EscalationStep, *, day: timedelta) -> StepWords:
    """`day` is the working time of a day of the agreement's calendar."""
    return StepWords(_when(step, day), _does(step), _only(step, day))


def _when(step: EscalationStep, day: timedelta) -> str:
    length = durations.write_length(abs(step.offset), day=durations.WHOLE_DAY if step.at_any_hour else day)
    words = {"percent": step.percent, "length": length}
    if not step.offset:
        return _("At %(percent)s %% of the target") % words
    if step.percent == 100:
        found = _("%(length)s after it was due") if step.offset > durations.ZERO else _("%(length)s before it is due")
        return found % words
    if step.offset > durations.ZERO:
        return _("%(length)s after %(percent)s %% of the target") % words
    return _("%(length)s before %(percent)s %% of the target") % words


def _does(step: EscalationStep) -> list[str]:
    found = []
    if step.notifies:
        found.append(_("tells %(people)s") % {"people": listed(ROLES[role] for role in step.notifies)})
    if step.raises_priority:
        found.append(_("raises the priority"))
    if step.reassigns_to:
        found.append(_("hands over to %(team)s") % {"team": step.reassigns_to.name})
    if step.webhook:
        found.append(_("calls the webhook %(name)s") % {"name": step.webhook.name})
    return found


def _only(step: EscalationStep, day: timedelta) -> list[str]:
    found = []
    if step.metric:
        found.append(_("only for %(metric)s") % {"metric": Metric(step.metric).label})
    if step.only_priorities:
        found.append(
            _("only %(priorities)s") % {"priorities": ", ".join(f"P{n}" for n in sorted(step.only_priorities))}
        )
    if step.only_unassigned:
        found.append(_("only while nobody owns it"))
    if step.only_unanswered:
        found.append(_("only while we have not answered"))
    if step.quiet_for:
        found.append(
            _("quiet for %(length)s after a reply") % {"length": durations.write_length(step.quiet_for, day=day)}
        )
    found.append(_("at any hour") if step.at_any_hour else _("in working hours"))
    return found


TELLINGS = {
    "agreement.drafted": pgettext_lazy("agreement", "drafted version %(version)s"),
    "agreement.edited": pgettext_lazy("agreement", "edited version %(version)s: %(what)s"),
    "agreement.activated": pgettext_lazy("agreement", "activated version %(version)s from %(start_date)s"),
    "agreement.superseded": pgettext_lazy("agreement", "replaced version %(version)s, which ends on %(end_date)s"),
    "agreement.withdrawn": pgettext_lazy("agreement", "withdrew the draft of version %(version)s"),
    "agreement.ended": pgettext_lazy("agreement", "set the end of version %(version)s to %(end_date)s"),
}
TELLINGS |= {
    "agreement.rolled_out": pgettext_lazy(
        "agreement",
        "moved open tickets over: %(n_moved)s moved, %(n_breached)s became late, %(n_recovered)s are no longer late",
    ),
    "agreement.replayed": pgettext_lazy("agreement", "tried it on the tickets of the last %(days)s days"),
}
PARTS = {
    "document": gettext_lazy("the document"),
    "targets": gettext_lazy("the targets"),
    "steps": gettext_lazy("the escalation"),
}


def telling(event: Event) -> str:
    """What somebody did to an agreement, without his name."""
    words = TELLINGS.get(event.name)
    if words is None:
        return event.name
    data = {key: PARTS.get(value, value) if key == "what" else value for key, value in event.data.items()}
    try:
        told = str(words) % data
    except KeyError:
        return event.name
    if event.name != "agreement.activated":
        return told
    return (
        _("%(told)s, for open tickets, too") % {"told": told}
        if data.get("applies_to_open")
        else (_("%(told)s, for new tickets only") % {"told": told})
    )
