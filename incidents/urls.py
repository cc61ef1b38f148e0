from django.urls import path

from incidents import views

app_name = "incidents"
urlpatterns = [
    path("new/", views.create, name="create"),
    path("<str:number>/", views.detail, name="detail"),
    path("<str:number>/start/", views.start, name="start"),
    path("<str:number>/hold/", views.hold, name="hold"),
    path("<str:number>/resume/", views.resume, name="resume"),
    path("<str:number>/resolve/", views.resolve, name="resolve"),
    path("<str:number>/reopen/", views.reopen, name="reopen"),
    path("<str:number>/close/", views.close, name="close"),
    path("<str:number>/cancel/", views.cancel, name="cancel"),
    path("<str:number>/prioritise/", views.prioritise, name="prioritise"),
    path("<str:number>/override-priority/", views.override_priority, name="override_priority"),
    path("<str:number>/categorise/", views.categorise, name="categorise"),
    path("<str:number>/mark-outage/", views.mark_outage, name="mark_outage"),
]
