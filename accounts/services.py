"""Verbs about people. One transaction each: policy, write, event.

Raises PermissionDenied, and ValidationError naming the field that is wrong.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Membership, Organisation, Role, Team, User
from accounts.permissions import Permission
from journal import services as journal
from journal.models import Event

SUBJECT_KIND = "person"
INVITATION = "invitation"
"""The outbox topic of an invitation by mail (accounts/invitations.py)."""

PREFERENCES = ("name", "language", "time_zone", "theme")


@transaction.atomic
def update_preferences(*, person: User, now: datetime, **chosen: str) -> None:
    """What a person chooses for himself: any of name, language, time_zone and theme. Only a new name is an event:
    other people read it."""
    if unknown := set(chosen) - set(PREFERENCES):
        raise ValueError(f"not a preference: {', '.join(sorted(unknown))}")
    former_name = person.name
    for field, value in chosen.items():
        setattr(person, field, value)
    person.clean_fields(exclude={field.name for field in User._meta.fields} - set(chosen))
    person.save(update_fields=list(chosen))
    if person.name != former_name:
        _record("person.renamed", person, actor=person, now=now, data={"name": [former_name, person.name]})


@transaction.atomic
def invite_person(
    *,
    email: str,
    name: str,
    organisation: Organisation,
    roles: Iterable[Role],
    teams: Iterable[Team] = (),
    language: str = "en",
    time_zone: str = "",
    actor: User,
    now: datetime,
) -> User:
    """A new person without a password. He gets a mail with a link, good for one use, to choose his own; the time zone
    is his organisation's where none is given."""
    _allow(actor)
    if User.objects.filter(email__iexact=email).exists():
        raise ValidationError({"email": _("Somebody with this e-mail address is here already.")})
    person = User.objects.create_user(
        email,
        name=name.strip(),
        organisation=organisation,
        language=language,
        time_zone=time_zone or organisation.time_zone,
        joined_at=now,
    )
    person.roles.set(roles)
    _join(person, teams)
    event = _record("person.invited", person, actor=actor, now=now, data=_standing(person))
    _post_invitation(person, event, now)
    return person


@transaction.atomic
def remind_person(*, person: User, actor: User, now: datetime) -> None:
    """Send the invitation once more: the first link may have expired. Not to who has a password or may not sign in."""
    _allow(actor)
    if person.has_usable_password() or not person.is_active:
        raise ValidationError(_("%(name)s does not need an invitation.") % {"name": person.name})
    event = _record("person.reminded", person, actor=actor, now=now)
    _post_invitation(person, event, now)


@transaction.atomic
def change_person(
    *,
    person: User,
    organisation: Organisation,
    roles: Iterable[Role],
    teams: Iterable[Team],
    actor: User,
    now: datetime,
) -> None:
    """Set organisation, roles and teams. Nobody takes the administration away from himself."""
    _allow(actor)
    chosen = list(roles)
    if person == actor and not any(Permission.ADMINISTER in role.permissions for role in chosen):
        raise ValidationError({"roles": _("You cannot take the administration away from yourself.")})
    before = _standing(person)
    User.objects.filter(pk=person.pk).update(organisation=organisation)
    person.organisation = organisation
    person.roles.set(chosen)
    _join(person, teams)
    after = _standing(person)
    if changes := {field: [before[field], after[field]] for field in before if before[field] != after[field]}:
        _record("person.changed", person, actor=actor, now=now, data={"changes": changes})


@transaction.atomic
def deactivate_person(*, person: User, actor: User, now: datetime) -> None:
    """He can no longer sign in, and open sessions end with their next request. What he did stays."""
    if not policies.can_deactivate(actor, person):
        raise PermissionDenied
    if User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        _record("person.deactivated", person, actor=actor, now=now)


@transaction.atomic
def reactivate_person(*, person: User, actor: User, now: datetime) -> None:
    """He may sign in again, with the password and roles he had."""
    _allow(actor)
    if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        _record("person.reactivated", person, actor=actor, now=now)


def _allow(actor: User) -> None:
    if not policies.can_manage_people(actor):
        raise PermissionDenied


def _join(person: User, teams: Iterable[Team]) -> None:
    """Make `teams` exactly those the person is a member of."""
    chosen = list(teams)
    Membership.objects.filter(user=person).exclude(team__in=chosen).delete()
    Membership.objects.bulk_create([Membership(user=person, team=team) for team in chosen], ignore_conflicts=True)


def _standing(person: User) -> dict[str, Any]:
    """What an administrator decides about a person, as the journal keeps it."""
    return {
        "organisation": person.organisation.name,
        "roles": sorted(person.roles.values_list("key", flat=True)),
        "teams": sorted(person.teams.values_list("name", flat=True)),
    }


def _record(name: str, person: User, *, actor: User, now: datetime, data: Mapping[str, Any] | None = None) -> Event:
    return journal.record_event(
        name=name, subject_kind=SUBJECT_KIND, subject_id=person.pk, actor=actor, at=now, data=data
    )


def _post_invitation(person: User, event: Event, now: datetime) -> None:
    journal.post(key=f"invitation:event-{event.pk}", topic=INVITATION, payload={"person": person.pk}, now=now)
