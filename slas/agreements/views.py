"""The pages about agreements: the list, the document, the draft's editor, putting it into force."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.http import UserRequest
from core.machine import IllegalMove
from slas import policies
from slas.access import managers_only, readers_only
from slas.agreements import selectors, services
from slas.agreements.checks import Problem, problems_of
from slas.agreements.clashes import Overlap, clashes_of
from slas.agreements.document import Document, differences, field_label, read_document, said_of
from slas.agreements.dry_run import dry_run as run_dry
from slas.agreements.forms import (
    ActivateForm,
    DocumentForm,
    DryRunForm,
    EndForm,
    StepForm,
    TargetsForm,
    document_values,
    explain,
    step_values,
)
from slas.agreements.risks import Risk, services_words
from slas.agreements.services import StaleDraft
from slas.agreements.wording import step_words
from slas.models import Agreement, EscalationStep, Metric
from slas.rollout import Effect, preview_roll_out
from tickets.models import Priority, Ticket

PARTIES_AND_SIGNING = ("customer", "team", "supplier", "signed_by", "signed_for_us_by", "signed_date")
RULES = ("pauses_on", "starts_from", "reopens_as", "reply_mode", "attainment_target", "availability_target")
ONLY_OF_AN_SLA = ("starts_from", "reply_mode")
EFFECTS = {
    Effect.BREACHES: pgettext_lazy("clock", "becomes breached"),
    Effect.RECOVERS: pgettext_lazy("clock", "recovers"),
}


# --- reading -------------------------------------------------------------------------------------------------------


@require_safe
@readers_only
def agreements(request: UserRequest) -> HttpResponse:
    """Everything promised to customers, by teams and by suppliers: in force, ahead and drafted, or past."""
    kind, is_past = request.GET.get("kind", ""), request.GET.get("view") == "past"
    lines = selectors.agreement_lines(is_past=is_past, kind=kind, now=timezone.now())
    context = {
        "lines": lines,
        "kind": kind,
        "is_past": is_past,
        "tabs": _list_tabs(is_past, kind),
        "kinds": Agreement.Kind.choices,
        "n_reviews": sum(line.is_review_due for line in lines),
        "can_manage": policies.can_manage_promises(request.user),
    }
    return render(request, "slas/agreements.html", context)


@require_safe
@readers_only
def agreement(request: UserRequest, agreement_id: int) -> HttpResponse:
    """One version as a document, with what stands against it, its other versions and its history."""
    now = timezone.now()
    document = _document(agreement_id)
    shown = document.agreement
    versions = selectors.versions_of(shown)
    against = _against(request, shown, versions)
    tickets = selectors.tickets_this_month(versions, zone=shown.calendar.time_zone, now=now)
    context = {
        **_frame(request, document, now),
        "document": document,
        "grid": document.grid(),
        "priorities": Priority,
        "steps": [step_words(step, day=document.day) for step in document.steps],
        "parties": _said(shown, PARTIES_AND_SIGNING),
        "rules": _said(shown, RULES),
        "problems": problems_of(document, now=now) if shown.is_draft else [],
        "clashes": clashes_of(shown) if shown.is_draft else [],
        "risks": _by_other(shown, selectors.agreement_risks(shown, now=now)),
        "versions": versions,
        "against": against,
        "differences": differences(_document(against.pk), document) if against else [],
        "n_tickets": tickets.count(),
        "history": selectors.history_of(versions),
    }
    return render(request, "slas/agreement.html", context)


@require_safe
@readers_only
def dry_run(request: UserRequest, agreement_id: int) -> HttpResponse:
    """What every step would do on a ticket of the reader's choice. Nothing is written, nobody is told."""
    now = timezone.now()
    document = _document(agreement_id)
    tickets = Ticket.objects.visible_to(request.user).with_people()
    form = DryRunForm(request.GET or None, tickets=tickets)
    context = {**_frame(request, document, now), "form": form, "now": now, "ticket": None, "runs": []}
    if form.is_bound and form.is_valid():
        ticket = form.cleaned_data["ticket"]
        context |= {"ticket": ticket, "runs": run_dry(agreement=document.agreement, ticket=ticket, now=now)}
    return render(request, "slas/dry_run.html", context, status=422 if form.is_bound and form.errors else 200)


# --- drafting ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def draft_agreement(request: UserRequest) -> HttpResponse:
    """The first version of a new agreement of the kind that the address names."""
    kind = request.GET.get("kind", Agreement.Kind.SLA)
    if kind not in Agreement.Kind.values:
        raise Http404
    now = timezone.now()
    fresh = Agreement(kind=kind, start_date=now.date())
    initial = {name: getattr(fresh, name, None) for name in DocumentForm.base_fields if not name.endswith("services")}
    for party in ("customer", "team", "supplier", "calendar", "services"):
        initial.pop(party, None)
    form = DocumentForm(_sent(request), kind=kind, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            made = services.draft_agreement(
                kind=kind, name=data["name"], fields=form.said, services=data["services"], actor=request.user, now=now
            )
        except ValidationError as error:
            explain(form, error)
        else:
            return redirect("slas:set_targets", agreement_id=made.pk)
    context = {"form": form, "kind": kind, "kinds": Agreement.Kind.choices, "title": Agreement.Kind(kind).label}
    return render(request, "slas/draft_agreement.html", context, status=422 if form.errors else 200)


@require_POST
@managers_only
def revise_agreement(request: UserRequest, agreement_id: int) -> HttpResponse:
    """Begin the next version, or go on with the one that is begun."""
    row = get_object_or_404(Agreement, pk=agreement_id)
    try:
        draft = services.revise_agreement(agreement=row, actor=request.user, now=timezone.now())
    except IllegalMove:
        return _too_late(request, row)
    return redirect("slas:edit_agreement", agreement_id=draft.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def edit_agreement(request: UserRequest, agreement_id: int) -> HttpResponse:
    """The fields of a draft."""
    now = timezone.now()
    document = _document(agreement_id)
    draft = document.agreement
    form = DocumentForm(
        _sent(request), kind=draft.kind, is_revision=draft.replaces_id is not None, initial=document_values(draft)
    )
    if not draft.is_draft:
        return _too_late(request, draft)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        fields = {**form.said, **({"name": data["name"]} if "name" in data else {})}
        try:
            services.edit_draft(
                agreement=draft, fields=fields, services=data["services"], seen=request.POST.get("seen", ""),
                actor=request.user, now=now,
            )  # fmt: skip
        except ValidationError as error:
            explain(form, error)
        except StaleDraft:
            form.add_error(None, _stale(draft))
        else:
            messages.success(request, _("The draft is saved."))
            return redirect("slas:edit_agreement", agreement_id=draft.pk)
    context = {**_frame(request, document, now), "form": form, "kept": _said(draft, ("customer", "team", "supplier"))}
    return _edited(request, "slas/edit_agreement.html", context, form)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def set_targets(request: UserRequest, agreement_id: int) -> HttpResponse:
    """The grid of a draft: a row per metric, a column per priority."""
    now = timezone.now()
    document = _document(agreement_id)
    draft = document.agreement
    form = TargetsForm(_sent(request), document=document)
    if not draft.is_draft:
        return _too_late(request, draft)
    if request.method == "POST" and form.is_valid():
        try:
            services.set_targets(
                agreement=draft, goals=form.goals, seen=request.POST.get("seen", ""), actor=request.user, now=now
            )
        except ValidationError as error:
            explain(form, error)
        except StaleDraft:
            form.add_error(None, _stale(draft))
        else:
            messages.success(request, _("The targets are saved."))
            return redirect("slas:set_targets", agreement_id=draft.pk)
    context = {**_frame(request, document, now), "form": form, "priorities": Priority, "document": document}
    return _edited(request, "slas/set_targets.html", context, form)


@require_safe
@managers_only
def steps(request: UserRequest, agreement_id: int) -> HttpResponse:
    """The ladder of a draft, in the order of time."""
    now = timezone.now()
    document = _document(agreement_id)
    if not document.agreement.is_draft:
        return _too_late(request, document.agreement)
    found: dict[str, list[Problem]] = {}
    for problem in problems_of(document, now=now):
        found.setdefault(problem.field, []).append(problem)
    lines = [(step, step_words(step, day=document.day), found.get(f"step_{step.pk}", [])) for step in document.steps]
    return render(request, "slas/steps.html", {**_frame(request, document, now), "lines": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def add_step(request: UserRequest, agreement_id: int) -> HttpResponse:
    document = _document(agreement_id)
    form = StepForm(_sent(request), document=document)
    if not document.agreement.is_draft:
        return _too_late(request, document.agreement)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_step(agreement=document.agreement, fields=form.said, actor=request.user, now=timezone.now())
        except ValidationError as error:
            form.explain(error)
        else:
            messages.success(request, _("The step is added."))
            return redirect("slas:steps", agreement_id=agreement_id)
    return _edited(request, "slas/step.html", {"form": form, "document": document, "step": None}, form)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def change_step(request: UserRequest, agreement_id: int, step_id: int) -> HttpResponse:
    document = _document(agreement_id)
    step = get_object_or_404(EscalationStep.objects.select_related("agreement"), pk=step_id, agreement=agreement_id)
    form = StepForm(_sent(request), document=document, initial=step_values(step, document))
    if not document.agreement.is_draft:
        return _too_late(request, document.agreement)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_step(step=step, fields=form.said, actor=request.user, now=timezone.now())
        except ValidationError as error:
            form.explain(error)
        else:
            messages.success(request, _("The step is saved."))
            return redirect("slas:steps", agreement_id=agreement_id)
    return _edited(request, "slas/step.html", {"form": form, "document": document, "step": step}, form)


@require_POST
@managers_only
def remove_step(request: UserRequest, agreement_id: int, step_id: int) -> HttpResponse:
    step = get_object_or_404(EscalationStep.objects.select_related("agreement"), pk=step_id, agreement=agreement_id)
    try:
        services.remove_step(step=step, actor=request.user, now=timezone.now())
    except IllegalMove:
        return _too_late(request, step.agreement)
    messages.success(request, _("The step is removed."))
    return redirect("slas:steps", agreement_id=agreement_id)


@require_POST
@managers_only
def withdraw_draft(request: UserRequest, agreement_id: int) -> HttpResponse:
    draft = get_object_or_404(Agreement, pk=agreement_id)
    try:
        services.withdraw_draft(agreement=draft, actor=request.user, now=timezone.now())
    except IllegalMove:
        return _too_late(request, draft)
    messages.success(request, _("The draft is withdrawn."))
    if draft.replaces_id is not None:
        return redirect("slas:agreement", agreement_id=draft.replaces_id)
    return redirect("slas:agreements")


# --- in force ------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def activate_agreement(request: UserRequest, agreement_id: int) -> HttpResponse:
    """What putting a draft into force would do to open tickets, and the choice whether it shall."""
    now = timezone.now()
    document = _document(agreement_id)
    draft = document.agreement
    if not draft.is_draft:
        return _too_late(request, draft)
    first_day = services.first_day(draft, now=now)
    form = ActivateForm(_sent(request), first_day=first_day, starts=draft.start_date, today=now.date())
    clashes, problems = clashes_of(draft), problems_of(document, now=now)
    refusals: list[str] = []
    if request.method == "POST" and form.is_valid():
        try:
            active, job = services.activate_agreement(
                agreement=draft, applies_to_open=form.applies_to_open, actor=request.user, now=now
            )
        except Overlap as overlap:
            clashes = list(overlap.clashes)
        except ValidationError as error:
            said = {problem.rule for problem in problems}
            refusals = [message for message in error.messages if message not in said]
        except IllegalMove:
            return _too_late(request, draft)
        else:
            messages.success(request, _("%(agreement)s is in force.") % {"agreement": active})
            if job is not None:
                return redirect("slas:job", job_id=job.pk)
            return redirect("slas:agreement", agreement_id=active.pk)
    impact = preview_roll_out(agreement=draft, reader=request.user, now=now)
    context = {
        **_frame(request, document, now),
        "form": form,
        "problems": problems,
        "refusals": refusals,
        "clashes": clashes,
        "begins_later": draft.start_date > now.date(),
        "is_refused": bool(clashes) or any(problem.refuses for problem in problems),
        "impact": impact,
        "impact_lines": [
            (ticket, shift, EFFECTS.get(shift.effect, ""), Metric(shift.metric).label) for ticket, shift in impact.rows
        ],
        "differences": differences(_document(draft.replaces_id), document) if draft.replaces_id else [],
    }
    has_failed = request.method == "POST"
    return render(request, "slas/activate_agreement.html", context, status=422 if has_failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@managers_only
def end_agreement(request: UserRequest, agreement_id: int) -> HttpResponse:
    """The day from which an agreement no longer applies, with nothing in its place."""
    now = timezone.now()
    document = _document(agreement_id)
    row = document.agreement
    form = EndForm(_sent(request), initial={"end_date": row.end_date})
    if not row.is_active:
        return _too_late(request, row)
    if request.method == "POST" and form.is_valid():
        try:
            services.end_agreement(agreement=row, actor=request.user, now=now, **form.cleaned_data)
        except ValidationError as error:
            explain(form, error)
        else:
            messages.success(request, _("The end is set."))
            return redirect("slas:agreement", agreement_id=row.pk)
    return _edited(request, "slas/end_agreement.html", {**_frame(request, document, now), "form": form}, form)


# --- parts ---------------------------------------------------------------------------------------------------------


def _document(agreement_id: int | None) -> Document:
    return read_document(get_object_or_404(selectors.with_everything(), pk=agreement_id))


def _frame(request: UserRequest, document: Document, now: datetime) -> dict[str, Any]:
    """What every page of one version shows."""
    row = document.agreement
    can_manage = policies.can_manage_promises(request.user)
    standing = selectors.standing_of(row, now.date())
    return {
        "agreement": row,
        "mark": document.mark(),
        "standing": str(selectors.STANDING_WORDS[standing]),
        "shape": selectors.STANDING_PHASES[standing],
        "draft_of_it": Agreement.objects.filter(replaces=row, state=Agreement.State.DRAFT).first(),
        "can_edit": can_manage and row.is_draft,
        "can_revise": can_manage and row.is_active,
        "tabs": _tabs(request, row, can_manage=can_manage) if row.is_draft else [],
    }


def _tabs(request: UserRequest, row: Agreement, *, can_manage: bool) -> list[dict[str, Any]]:
    """The pages of a draft."""
    pages = [("agreement", _("Document"))]
    if can_manage:
        pages += [
            ("edit_agreement", _("Fields")), ("set_targets", _("Targets")), ("steps", _("Escalation")),
            ("activate_agreement", _("Put into force")),
        ]  # fmt: skip
    pages.insert(-1 if can_manage else 1, ("dry_run", _("Dry run")))
    found = [(reverse(f"slas:{name}", args=[row.pk]), label) for name, label in pages]
    return [{"url": url, "label": label, "is_current": request.path == url, "count": None} for url, label in found]


def _list_tabs(is_past: bool, kind: str) -> list[dict[str, Any]]:
    rest = f"&kind={kind}" if kind else ""
    return [
        {"url": f"?view=current{rest}", "label": _("Current"), "is_current": not is_past, "count": None},
        {"url": f"?view=past{rest}", "label": _("Past"), "is_current": is_past, "count": None},
    ]


def _by_other(shown: Agreement, risks: Sequence[Risk]) -> list[tuple[Agreement, str, list[Risk]]]:
    """The risks by the other agreement they come from: (it, the services concerned, its risks)."""
    groups: dict[tuple[Agreement, str], list[Risk]] = {}
    for risk in risks:
        other = risk.carrier if risk.promised_by == shown else risk.promised_by
        groups.setdefault((other, services_words(risk)), []).append(risk)
    return [(other, services, found) for (other, services), found in groups.items()]


def _against(request: UserRequest, shown: Agreement, versions: list[Agreement]) -> Agreement | None:
    """The version that the reader compares with: the one he chose, else the one before."""
    asked = request.GET.get("against", "")
    chosen = next((row for row in versions if str(row.version) == asked and row.pk != shown.pk), None)
    return chosen or shown.replaces


def _said(row: Agreement, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """(label, what is said) of those fields that say something and belong to the kind."""
    kept = [name for name in names if row.kind == Agreement.Kind.SLA or name not in ONLY_OF_AN_SLA]
    return [(field_label(name), said) for name in kept if (said := said_of(row, name))]


def _sent(request: UserRequest) -> QueryDict | None:
    """What was sent; an empty form, too."""
    return request.POST if request.method == "POST" else None


def _edited(request: UserRequest, template: str, context: dict[str, Any], form: Form) -> HttpResponse:
    return render(request, template, context, status=422 if form.is_bound and form.errors else 200)


def _stale(draft: Agreement) -> str:
    last = next(iter(selectors.history_of([draft])), None)
    who = last.event.actor.name if last is not None and last.event.actor else _("Somebody")
    return _("%(name)s has changed this draft in the meantime. Save again to put yours in its place.") % {"name": who}


def _too_late(request: UserRequest, row: Agreement) -> HttpResponse:
    """The version's state does not allow it (any more)."""
    words = _("“%(agreement)s” is no draft: what is in force is never edited, but replaced by its next version.")
    if row.is_draft:
        words = _("“%(agreement)s” is a draft: it is not in force yet.")
    back = reverse("slas:agreement", args=[row.pk])
    return render(request, "409.html", {"message": words % {"agreement": row}, "back_url": back}, status=409)
