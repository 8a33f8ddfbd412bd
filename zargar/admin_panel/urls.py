"""The addresses of the web process. `/shop/<name>/…` is not among them: see `middleware.EnterShop`."""

from django.urls import URLPattern, URLResolver, path

from zargar.admin_panel import backup_views, device_views, health, mail_events, public_views, views
from zargar.admin_panel.admin.platform import platform_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.console, name="console"),
    path("reports/prices/", views.price_reports, name="price-reports"),
    path("reports/prices/<int:number>/", views.price_report, name="price-report"),
    path("reports/prices/<int:number>/chart.png", views.price_report_chart, name="price-report-chart"),
    path("backups/", backup_views.backups, name="backups"),
    path("backups/start", backup_views.start, name="backups-start"),
    path("backups/clean-up", backup_views.clean_up, name="backups-clean-up"),
    path("messages/", views.messages, name="messages"),
    path("leave/<str:token>", public_views.leave, name="leave"),
    path("inbox/<str:token>/devices", device_views.devices, name="inbox-devices"),
    path("inbox/<str:token>.json", public_views.inbox_json, name="inbox-json"),
    path("inbox/<str:token>/", public_views.inbox, name="inbox"),
    *mail_events.configured(),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("admin/", platform_site.urls),
]
