from django.apps import AppConfig


class AmbientConfig(AppConfig):
    name = "ambient"
    verbose_name = "Ambient"

    def ready(self) -> None:
        # Importing registers: the Celery app, the system checks, and what a worker says of itself.
        from ambient import celery, checks, presence  # noqa: F401
