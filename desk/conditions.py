"""The conditions of a dashboard's figures as conditions of the queue: a number and its list come from one function."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User
from reports import filters
from reports.forms import TicketFilterForm, read_filter
from tickets.models import TicketQuerySet
from work.selectors.lists import Conditions


def _narrow(tickets: TicketQuerySet, params: Mapping[str, Any], user: User, now: datetime) -> TicketQuerySet:
    try:
        wanted = read_filter(params)
    except ValidationError as error:
        names = ", ".join(sorted(error.error_dict))
        raise ValueError(_("This list cannot be made: %(names)s is not understood.") % {"names": names}) from error
    return tickets & filters.tickets(wanted, user=user, now=now)


FIGURES = Conditions(names=frozenset(TicketFilterForm.base_fields), narrow=_narrow)
