"""The addresses inside a shop: what follows `/shop/<name>`. Only `middleware.EnterShop` leads here."""

from django.urls import URLPattern, URLResolver, path

from zargar.admin_panel import inbox_views
from zargar.admin_panel.admin.shop import shop_site

urlpatterns: list[URLPattern | URLResolver] = [
    path("inbox/<int:customer_id>/", inbox_views.customer_inbox, name="customer-inbox"),
    path("admin/", shop_site.urls),
]
