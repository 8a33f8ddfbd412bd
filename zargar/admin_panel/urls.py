"""The addresses of the web process. `/shop/<name>/…` is not among them: see `middleware.EnterShop`."""

from django.urls import URLPattern, URLResolver, path

from zargar.admin_panel import health, views
from zargar.admin_panel.admin.platform import platform_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.console, name="console"),
    path("reports/prices/", views.price_reports, name="price-reports"),
    path("reports/prices/<int:number>/", views.price_report, name="price-report"),
    path("reports/prices/<int:number>/chart.png", views.price_report_chart, name="price-report-chart"),
    path("health/live", health.live, name="live"),
    path("health/ready", health.ready, name="ready"),
    path("admin/", platform_site.urls),
]
