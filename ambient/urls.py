"""Every address of the installation; each room names its own."""

from __future__ import annotations

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.utils.functional import lazy
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView

from ambient import health, metrics
from ambient.documentation import Documentation
from conversations.sign_in import SignIn

ICON = "conversations/icon.svg"

handler404 = "ambient.errors.not_found"
handler500 = "ambient.errors.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("favicon.ico", RedirectView.as_view(url=lazy(static, str)(ICON)), name="favicon"),
    path("admin/login/", SignIn.as_view()),  # ahead of the admin's own, which counts no wrong passwords
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(permission_classes=[]), name="schema"),
    path("api/docs/", Documentation.as_view(url_name="schema", permission_classes=[]), name="docs"),
    path("", include("conversations.urls")),
    path("", include("sessions.urls")),
]
