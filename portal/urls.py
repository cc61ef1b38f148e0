from django.urls import path

from portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    path("services/", views.services, name="services"),
    path("status/", views.status, name="status"),
    path("requests/", views.list_requests, name="list"),
    path("requests/new/", views.create, name="create"),
    path("requests/<str:number>/", views.ticket, name="ticket"),
    path("requests/<str:number>/clocks/<int:clock_id>/", views.clock, name="clock"),
    path("requests/<str:number>/clocks/<int:clock_id>/ledger.pdf", views.clock_on_paper, name="clock_on_paper"),
    path("requests/<str:number>/reply/", views.reply, name="reply"),
    path("requests/<str:number>/draft/", views.draft, name="draft"),
    path("requests/<str:number>/close/", views.close, name="close"),
    path("requests/<str:number>/reopen/", views.reopen, name="reopen"),
    path("requests/<str:number>/follow-up/", views.follow_up, name="follow_up"),
    path("requests/<str:number>/cancel/", views.cancel, name="cancel"),
    path("requests/<str:number>/watch/", views.watch, name="watch"),
    path("requests/<str:number>/unwatch/", views.unwatch, name="unwatch"),
]
