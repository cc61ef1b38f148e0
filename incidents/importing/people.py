"""The people and teams a log names. They become rows without a login: inactive people under a name nobody can mail to.

They are looked up by batch, so that memory does not grow with the number of people a log knows.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from accounts.models import Organisation, Team, User
from incidents.importing.servicenow import SOURCE, Update

DOMAIN = f"{SOURCE}.invalid"
UNKNOWN_CALLER = "Unknown caller"


@dataclass(frozen=True)
class Cast:
    """Everybody a batch of incidents names, by the log's own name. The people of a dry run are unsaved."""

    callers: Mapping[str, User]
    staff: Mapping[str, User]
    teams: Mapping[str, Team]

    def caller(self, name: str | None) -> User:
        return self.callers[name or UNKNOWN_CALLER]

    def member(self, name: str | None) -> User | None:
        return self.staff[name] if name else None

    def team(self, name: str | None) -> Team | None:
        return self.teams[name] if name else None


def find_cast(updates: Iterable[Update], *, customer: Organisation, provider: Organisation, is_dry_run: bool) -> Cast:
    """The cast of these updates, made where it is not there yet (unless `is_dry_run`): callers belong to `customer`,
    everybody else and the teams to `provider`."""
    updates = list(updates)
    callers = {update.caller or UNKNOWN_CALLER for update in updates}
    staff = {name for update in updates for name in (update.by, update.opener, update.assignee) if name}
    return Cast(
        callers=_people(callers, customer, is_dry_run),
        staff=_people(staff, provider, is_dry_run),
        teams=_teams({update.group for update in updates if update.group}, provider, is_dry_run),
    )


def address(name: str) -> str:
    """The e-mail that stands for a name: readable where the name allows it, and different for different names."""
    slug = slugify(name)[:60]
    if slug.replace("-", " ").capitalize() != name:
        slug = f"{slug or 'person'}-{hashlib.sha256(name.encode()).hexdigest()[:10]}"
    return f"{slug}@{DOMAIN}"


def _people(names: set[str], organisation: Organisation, is_dry_run: bool) -> dict[str, User]:
    addresses = {name: address(name) for name in sorted(names)}
    people = {user.email: user for user in User.objects.filter(email__in=addresses.values())}
    unusable = make_password(None)
    new = {
        email: User(
            email=email, name=name[:120], organisation=organisation, password=unusable, is_active=False,
            time_zone=organisation.time_zone,
        )
        for name, email in addresses.items()
        if email not in people
    }  # fmt: skip
    if not is_dry_run:
        User.objects.bulk_create(new.values())
    people |= new
    return {name: people[email] for name, email in addresses.items()}


def _teams(names: set[str], organisation: Organisation, is_dry_run: bool) -> dict[str, Team]:
    titles = {name: name[:80] for name in sorted(names)}
    teams = {team.name: team for team in Team.objects.filter(name__in=titles.values())}
    new = {title: Team(name=title, organisation=organisation) for title in titles.values() if title not in teams}
    if not is_dry_run:
        Team.objects.bulk_create(new.values())
    teams |= new
    return {name: teams[title] for name, title in titles.items()}
