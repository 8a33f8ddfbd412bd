"""The addresses of the web process."""

from django.urls import URLPattern, path

from zargar.admin_panel import health, views

urlpatterns: list[URLPattern] = [
    path("", views.console, name="console"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
]
