"""The named permissions that roles carry. A role is a row (accounts.Role); what it may do is this list."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Permission(models.TextChoices):
    ENTER_DESK = "desk.enter", _("Enter the agents' desk")
    VIEW_ALL_TICKETS = "ticket.view_all", _("See the tickets of every organisation")
    VIEW_ORGANISATION_TICKETS = "ticket.view_organisation", _("See all tickets of the own organisation")
    VIEW_INTERNAL = "ticket.view_internal", _("Read internal notes")
    WORK_TICKETS = "ticket.work", _("Answer, assign and resolve tickets")
    OVERRIDE_PRIORITY = "ticket.override_priority", _("Set a priority against the matrix, with a reason")
    VIEW_PEOPLE = "people.view_all", _("See the people of every organisation")
    VIEW_REPORTS = "report.view", _("See dashboards and reports")
    MANAGE_AGREEMENTS = "agreement.manage", _("Change agreements, calendars and the priority table")
    ADMINISTER = "admin.manage", _("Manage people, mail and the system itself")
