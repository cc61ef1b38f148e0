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
    path("<str:number>/promise-date/", views.promise_date, name="promise_date"),
    path("<str:number>/withdraw-date/", views.withdraw_date, name="withdraw_date"),
    path("<str:number>/clocks/<int:clock_id>/", views.clock, name="clock"),
    path("<str:number>/clocks/<int:clock_id>/ledger.pdf", views.clock_on_paper, name="clock_on_paper"),
]
