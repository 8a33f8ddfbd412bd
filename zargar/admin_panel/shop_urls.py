"""The addresses inside a shop: what follows `/shop/<name>`. Only `middleware.EnterShop` leads here."""

from django.urls import URLResolver, path

from zargar.admin_panel.admin.shop import shop_site

urlpatterns: list[URLResolver] = [path("admin/", shop_site.urls)]
