from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("service-levels/", views.service_levels, name="service_levels"),
    path("behind/", views.watermelon, name="watermelon"),
    path("behind/<slug:table>.csv", views.export_behind, name="export_behind"),
    path("service-levels/<slug:table>.csv", views.export, name="export"),
]
