"""The address book. Paths are nouns, then number, then verb; verbs answer POST only."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from itsm import health, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
    path("tickets/<str:number>/", views.ticket, name="ticket"),
    path("account/", include("allauth.urls")),
    path("me/", include("accounts.urls")),
    path("files/", include("files.urls")),
    path("tickets/", include("work.urls")),
    path("incidents/", include("incidents.urls")),
    path("desk/", include("desk.urls")),
    path("service-levels/", include("slas.urls")),
    path("reports/", include("reports.urls")),
    path("portal/", include("portal.urls")),
    path("api/", include("api.urls")),
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}favicon.svg", permanent=True), name="favicon"),
]

handler400 = "itsm.views.bad_request"
handler403 = "itsm.views.forbidden"
handler404 = "itsm.views.not_found"
handler500 = "itsm.views.server_error"
