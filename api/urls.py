"""The API and its pages. Numbers of tickets are matched whole, so that nothing else ever reaches the database."""

from django.urls import path, re_path, register_converter
from django.urls.converters import StringConverter

from api import problems, views
from api.v1 import accounts, catalog, files, incident_verbs, incidents, outages, tickets


class NumberConverter(StringConverter):
    """INC-1042"""

    regex = "[A-Z]{3}-[0-9]{1,15}"


class FileKeyConverter(StringConverter):
    """The random key of a stored file."""

    regex = "[0-9a-f]{40}"


register_converter(NumberConverter, "number")
register_converter(FileKeyConverter, "filekey")

app_name = "api"

_incident = "v1/incidents/<number:number>/"
_ticket = "v1/tickets/<number:number>/"

urlpatterns = [
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/create/", views.create_token, name="create_token"),
    path("tokens/<int:pk>/revoke/", views.revoke_token, name="revoke_token"),
    path("v1/docs/", views.docs, name="docs"),
    path("v1/schema/", views.Schema.as_view(), name="schema"),
    path("v1/me/", accounts.Me.as_view(), name="me"),
    path("v1/organisations/", accounts.Organisations.as_view(), name="organisations"),
    path("v1/organisations/<int:pk>/", accounts.OrganisationDetail.as_view(), name="organisation"),
    path("v1/people/", accounts.People.as_view(), name="people"),
    path("v1/people/<int:pk>/", accounts.PersonDetail.as_view(), name="person"),
    path("v1/teams/", accounts.Teams.as_view(), name="teams"),
    path("v1/teams/<int:pk>/", accounts.TeamDetail.as_view(), name="team"),
    path("v1/services/", catalog.Services.as_view(), name="services"),
    path("v1/services/<slug:key>/", catalog.ServiceDetail.as_view(), name="service"),
    path("v1/outages/", outages.Outages.as_view(), name="outages"),
    path("v1/availability/", outages.Availability.as_view(), name="availability"),
    path("v1/files/<filekey:key>/", files.FileDetail.as_view(), name="file"),
    path("v1/incidents/", incidents.Incidents.as_view(), name="incidents"),
    path(_incident, incidents.IncidentDetail.as_view(), name="incident"),
    path(_incident + "start/", incident_verbs.Start.as_view(), name="start"),
    path(_incident + "hold/", incident_verbs.Hold.as_view(), name="hold"),
    path(_incident + "resume/", incident_verbs.Resume.as_view(), name="resume"),
    path(_incident + "resolve/", incident_verbs.Resolve.as_view(), name="resolve"),
    path(_incident + "reopen/", incident_verbs.Reopen.as_view(), name="reopen"),
    path(_incident + "follow-up/", incident_verbs.FollowUp.as_view(), name="follow_up"),
    path(_incident + "close/", incident_verbs.Close.as_view(), name="close"),
    path(_incident + "cancel/", incident_verbs.Cancel.as_view(), name="cancel"),
    path(_incident + "assign/", incident_verbs.Assign.as_view(), name="assign"),
    path(_incident + "prioritise/", incident_verbs.Prioritise.as_view(), name="prioritise"),
    path(_incident + "mark-outage/", incident_verbs.MarkOutage.as_view(), name="mark_outage"),
    path(_incident + "override-priority/", incident_verbs.OverridePriority.as_view(), name="override_priority"),
    path(_ticket + "entries/", tickets.Entries.as_view(), name="entries"),
    path(_ticket + "notes/", tickets.Notes.as_view(), name="notes"),
    path(_ticket + "clocks/", tickets.Clocks.as_view(), name="clocks"),
    path(_ticket + "promise-date/", tickets.PromiseDate.as_view(), name="promise_date"),
    path(_ticket + "withdraw-date/", tickets.WithdrawDate.as_view(), name="withdraw_date"),
    path("v1/clocks/<int:pk>/", tickets.ClockDetail.as_view(), name="clock"),
    path(_ticket + "events/", tickets.Events.as_view(), name="events"),
    path(_ticket + "links/", tickets.Links.as_view(), name="links"),
    path(_ticket + "watch/", tickets.Watch.as_view(), name="watch"),
    path(_ticket + "unwatch/", tickets.Unwatch.as_view(), name="unwatch"),
    re_path(r"^v1/", problems.unknown_address, name="unknown"),
]
