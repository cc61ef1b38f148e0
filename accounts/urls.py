from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.preferences, name="preferences"),
    path("theme/", views.theme, name="theme"),
    path("language/", views.language, name="language"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.invite, name="invite"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/remind/", views.remind, name="remind"),
    path("people/<int:pk>/deactivate/", views.deactivate, name="deactivate"),
    path("people/<int:pk>/reactivate/", views.reactivate, name="reactivate"),
]
