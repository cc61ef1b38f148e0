from django.urls import path

from desk import views

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("queue/", views.queue, name="queue"),
    path("find/", views.find, name="find"),
    path("pulse/", views.pulse, name="pulse"),
    path("filters/save/", views.save_filter, name="save_filter"),
    path("filters/<int:pk>/remove/", views.remove_filter, name="remove_filter"),
]
