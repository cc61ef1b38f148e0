from django.urls import path

from work import views

app_name = "work"
urlpatterns = [
    path("<str:number>/reply/", views.reply, name="reply"),
    path("<str:number>/draft/", views.draft, name="draft"),
    path("<str:number>/assign/", views.assign, name="assign"),
    path("<str:number>/edit/", views.edit, name="edit"),
    path("<str:number>/watch/", views.watch, name="watch"),
    path("<str:number>/unwatch/", views.unwatch, name="unwatch"),
    path("<str:number>/link/", views.link, name="link"),
]
