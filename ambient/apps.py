from django.apps import AppConfig


class AmbientConfig(AppConfig):
    name = "ambient"
    verbose_name = "Ambient"

    def ready(self) -> None:
        from ambient import celery, checks  # noqa: F401 - registers the Celery app and the system checks
