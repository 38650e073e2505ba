from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class AmbientConfig(AppConfig):
    name = "ambient"
    verbose_name = "Ambient"

    def ready(self) -> None:
        # Importing registers: the Celery app, the system checks, and what a worker says of itself.
        from ambient import celery, checks, presence  # noqa: F401


class AmbientAdminConfig(AdminConfig):
    default_site = "ambient.admin_site.AmbientAdminSite"
