"""The pages about promises. Each noun's addresses in a block of its own; their views in slas/<noun>/views.py."""

from django.urls import URLPattern, URLResolver

app_name = "slas"
urlpatterns: list[URLPattern | URLResolver] = []
