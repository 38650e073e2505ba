from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "sessions"
    label = "realtime"  # `sessions` is taken by django.contrib.sessions
    verbose_name = "Live sessions"
    default_auto_field = "django.db.models.BigAutoField"
