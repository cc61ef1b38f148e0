from django.urls import path

from desk import administration, views
from desk.webhooks import views as webhooks

app_name = "desk"
urlpatterns = [
    path("", views.home, name="home"),
    path("queue/", views.queue, name="queue"),
    path("find/", views.find, name="find"),
    path("pulse/", views.pulse, name="pulse"),
    path("filters/save/", views.save_filter, name="save_filter"),
    path("filters/<int:pk>/remove/", views.remove_filter, name="remove_filter"),
    path("outbox/", administration.outbox, name="outbox"),
    path("outbox/<int:pk>/", administration.outbox_row, name="outbox_row"),
    path("outbox/<int:pk>/retry/", administration.retry, name="retry_delivery"),
    path("webhooks/", webhooks.webhooks, name="webhooks"),
    path("webhooks/add/", webhooks.add_webhook, name="add_webhook"),
    path("webhooks/<int:webhook_id>/", webhooks.webhook, name="webhook"),
    path("webhooks/<int:webhook_id>/switch-off/", webhooks.switch_off_webhook, name="switch_off_webhook"),
    path("webhooks/<int:webhook_id>/switch-on/", webhooks.switch_on_webhook, name="switch_on_webhook"),
    path("webhooks/<int:webhook_id>/test/", webhooks.test_webhook, name="test_webhook"),
    path("mail/", administration.mail_files, name="mail_files"),
    path("mail/<str:name>/", administration.mail_file, name="mail_file"),
]
