"""The pages about promises. Each noun's addresses in a block of its own; their views in slas/<noun>/views.py."""

from django.urls import URLPattern, URLResolver, path

from slas.agreements import views as agreements
from slas.calendars import views as calendars
from slas.forecast import views as forecast
from slas.jobs import views as jobs
from slas.outages import views as outages
from slas.replay import views as replays

app_name = "slas"
urlpatterns: list[URLPattern | URLResolver] = [
    path("agreements/", agreements.agreements, name="agreements"),
    path("agreements/new/", agreements.draft_agreement, name="draft_agreement"),
    path("agreements/<int:agreement_id>/", agreements.agreement, name="agreement"),
    path("agreements/<int:agreement_id>/edit/", agreements.edit_agreement, name="edit_agreement"),
    path("agreements/<int:agreement_id>/targets/", agreements.set_targets, name="set_targets"),
    path("agreements/<int:agreement_id>/steps/", agreements.steps, name="steps"),
    path("agreements/<int:agreement_id>/steps/new/", agreements.add_step, name="add_step"),
    path("agreements/<int:agreement_id>/steps/<int:step_id>/", agreements.change_step, name="change_step"),
    path("agreements/<int:agreement_id>/steps/<int:step_id>/remove/", agreements.remove_step, name="remove_step"),
    path("agreements/<int:agreement_id>/dry-run/", agreements.dry_run, name="dry_run"),
    path("agreements/<int:agreement_id>/activate/", agreements.activate_agreement, name="activate_agreement"),
    path("agreements/<int:agreement_id>/revise/", agreements.revise_agreement, name="revise_agreement"),
    path("agreements/<int:agreement_id>/withdraw/", agreements.withdraw_draft, name="withdraw_draft"),
    path("agreements/<int:agreement_id>/end/", agreements.end_agreement, name="end_agreement"),
    path("calendars/", calendars.calendars, name="calendars"),
    path("calendars/new/", calendars.create_calendar, name="create_calendar"),
    path("calendars/<int:calendar_id>/", calendars.calendar, name="calendar"),
    path("calendars/<int:calendar_id>/edit/", calendars.edit_calendar, name="edit_calendar"),
    path("calendars/<int:calendar_id>/holidays/", calendars.import_holidays, name="import_holidays"),
    path("calendars/<int:calendar_id>/ics/", calendars.import_ics, name="import_ics"),
    path("calendars/<int:calendar_id>/save/", calendars.save_calendar, name="save_calendar"),
    path("calendars/<int:calendar_id>/roll-out/", calendars.roll_out_calendar, name="roll_out_calendar"),
    path("jobs/<int:job_id>/", jobs.job, name="job"),
    path("jobs/<int:job_id>/cancel/", jobs.cancel_job, name="cancel_job"),
    path("availability/", outages.availability, name="availability"),
    path("availability/<int:service_id>/", outages.service_availability, name="service_availability"),
    path("outages/", outages.outages, name="outages"),
    path("outages/record/", outages.record, name="record_outage"),
    path("outages/plan/", outages.plan, name="plan_downtime"),
    path("outages/<int:outage_id>/", outages.outage, name="outage"),
    path("outages/<int:outage_id>/end/", outages.end, name="end_outage"),
    path("outages/<int:outage_id>/change/", outages.change, name="change_outage"),
    path("outages/<int:outage_id>/withdraw/", outages.withdraw, name="withdraw_outage"),
    path("replays/", replays.replays, name="replays"),
    path("replays/create/", replays.create_replay, name="create_replay"),
    path("replays/<int:replay_id>/", replays.replay, name="replay"),
    path("forecast/", forecast.forecast, name="forecast"),
    path("forecast/calibrate/", forecast.calibrate, name="calibrate"),
]
