"""Everybody's preferences, and the administrators' pages about people."""

from collections.abc import Callable
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import policies, selectors, services
from accounts.forms import InviteForm, LanguageForm, PreferencesForm, StandingForm, ThemeForm, time_zones
from accounts.http import UserRequest
from accounts.models import User
from core.htmx import render_part

YEAR = 365 * 24 * 3600  # seconds


# --- preferences -------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def preferences(request: UserRequest) -> HttpResponse:
    """Name, language, time zone and theme of the reader."""
    person = request.user
    form = PreferencesForm(request.POST or None, initial={name: getattr(person, name) for name in services.PREFERENCES})
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "time_zones": time_zones()}
        return render(request, "accounts/preferences.html", context, status=422 if form.errors else 200)
    services.update_preferences(person=person, now=timezone.now(), **form.cleaned_data)
    with translation.override(person.language):
        messages.success(request, _("Your preferences are saved."))
    return _remember_language(redirect("accounts:preferences"), person.language)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light, dark or as the device; kept for the person, or in a cookie where nobody is signed in."""
    form = ThemeForm(request.POST)
    response = _back(request)
    if not form.is_valid():
        return response
    chosen = form.cleaned_data["theme"]
    if isinstance(request.user, User):
        services.update_preferences(person=request.user, now=timezone.now(), theme=chosen)
    else:
        response.set_cookie("theme", chosen, max_age=YEAR, secure=request.is_secure(), httponly=True, samesite="Lax")
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The language of the pages; kept for the person, and in a cookie for the sign-in page."""
    form = LanguageForm(request.POST)
    if not form.is_valid():
        return _back(request)
    chosen = form.cleaned_data["language"]
    if isinstance(request.user, User):
        services.update_preferences(person=request.user, now=timezone.now(), language=chosen)
    return _remember_language(_back(request), chosen)


def _back(request: HttpRequest) -> HttpResponse:
    """To the page the switch was on, if it is one of ours."""
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(target if is_ours else resolve_url("home"))


def _remember_language(response: HttpResponse, chosen: str) -> HttpResponse:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=YEAR,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


# --- people ------------------------------------------------------------------------------------------------------


def administrators_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    @login_required
    @wraps(view)
    def guarded(request: UserRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not policies.can_manage_people(request.user):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@administrators_only
def people(request: UserRequest) -> HttpResponse:
    """Who is here, by name; the search and the paging are in the address."""
    query, state = request.GET.get("q", "").strip(), request.GET.get("state", "active")
    page = selectors.people_page(
        query=query,
        is_active=state != "inactive",
        older=request.GET.get("older", ""),
        newer=request.GET.get("newer", ""),
    )
    return render_part(
        request, "accounts/people.html", {"page": page, "query": query, "state": state}, part="people-list"
    )


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def invite(request: UserRequest) -> HttpResponse:
    """A new person, who gets a mail to choose a password."""
    form = InviteForm(request.POST or None, initial={"language": request.user.language})
    if request.method == "POST" and form.is_valid():
        try:
            person = services.invite_person(actor=request.user, now=timezone.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("%(name)s is invited; a mail is on its way.") % {"name": person.name})
            return redirect("accounts:people")
    return render(request, "accounts/invite.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def person(request: UserRequest, pk: int) -> HttpResponse:
    """One person's organisation, roles and teams."""
    shown = get_object_or_404(User.objects.get_queryset().select_related("organisation"), pk=pk)
    initial = {"organisation": shown.organisation, "roles": shown.roles.all(), "teams": shown.teams.all()}
    form = StandingForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            services.change_person(person=shown, actor=request.user, now=timezone.now(), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("accounts:person", pk=shown.pk)
    context = {
        "person": shown,
        "form": form,
        "can_deactivate": shown.is_active and policies.can_deactivate(request.user, shown),
        "is_invited": shown.is_active and not shown.has_usable_password(),
    }
    return render(request, "accounts/person.html", context, status=422 if form.errors else 200)


@require_POST
@administrators_only
def remind(request: UserRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    try:
        services.remind_person(person=shown, actor=request.user, now=timezone.now())
    except ValidationError as error:
        messages.warning(request, " ".join(error.messages))
    else:
        messages.success(request, _("%(name)s is invited; a mail is on its way.") % {"name": shown.name})
    return redirect("accounts:person", pk=pk)


@require_POST
@administrators_only
def deactivate(request: UserRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    services.deactivate_person(person=shown, actor=request.user, now=timezone.now())
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": shown.name})
    return redirect("accounts:person", pk=pk)


@require_POST
@administrators_only
def reactivate(request: UserRequest, pk: int) -> HttpResponse:
    shown = get_object_or_404(User, pk=pk)
    services.reactivate_person(person=shown, actor=request.user, now=timezone.now())
    messages.success(request, _("%(name)s may sign in again.") % {"name": shown.name})
    return redirect("accounts:person", pk=pk)
