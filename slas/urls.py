"""The pages about promises. Each noun's addresses in a block of its own; their views in slas/<noun>/views.py."""

from django.urls import URLPattern, URLResolver, path

from slas.jobs import views as jobs

app_name = "slas"
urlpatterns: list[URLPattern | URLResolver] = [
    path("jobs/<int:job_id>/", jobs.job, name="job"),
    path("jobs/<int:job_id>/cancel/", jobs.cancel_job, name="cancel_job"),
]
