"""Django's settings: everything that varies comes from `conf` (the environment)."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from ambient import conf
from ambient.databases import database_from_url
from ambient.logs import logging_settings
from ambient.stack import places

AMBIENT = conf.load()
BASE_DIR = Path(__file__).resolve().parent.parent

DATABASE_URL = AMBIENT.database_url or places.embedded_database_url(AMBIENT.home)
REDIS_URL = AMBIENT.redis_url or places.embedded_redis_url(AMBIENT.home)


def _secret_key() -> str:
    """Given, or made once and kept beside the data in a file that only its owner reads."""
    if given := os.environ.get("DJANGO_SECRET_KEY"):
        return given
    path = AMBIENT.home / "secret_key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        candidate = path.with_suffix(f".{os.getpid()}")
        candidate.touch(mode=0o600)
        candidate.write_text(secrets.token_urlsafe(50))
        with contextlib.suppress(FileExistsError):
            os.link(candidate, path)  # atomic: of several processes at a first start, one wins
        candidate.unlink()
    return path.read_text()


SECRET_KEY = _secret_key()
DEBUG = False
ALLOWED_HOSTS = [host for host in os.environ.get("DJANGO_ALLOWED_HOSTS", "").split(",") if host] or [
    "localhost",
    "127.0.0.1",
    "[::1]",
    AMBIENT.host,
]
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("DJANGO_CSRF_TRUSTED_ORIGINS", "").split(",") if o]

INSTALLED_APPS = [
    "daphne",  # before staticfiles: it replaces `runserver`
    "ambient.apps.AmbientAdminConfig",  # Django's admin, with our first page
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",  # the page of the REST documentation, from here and not from a CDN
    "csp",
    "django_structlog",
    "channels",
    "conversations.apps.ConversationsConfig",
    "sessions.apps.SessionsConfig",
    "tasks.apps.TasksConfig",
    "ambient.apps.AmbientConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]
ROOT_URLCONF = "ambient.urls"
ASGI_APPLICATION = "ambient.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {"default": database_from_url(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        # redis-py's own default of 5 s is as long as the layer's blocking read, which would always fail.
        "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 15}]},
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "static/"
STATIC_ROOT = AMBIENT.home / "static"
MEDIA_ROOT = AMBIENT.media_root
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "ambient.static_files.HashedModules"},
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "conversations.api.authentication.ApiKeyAuthentication",
        "conversations.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "conversations.api.authentication.LoopbackAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["conversations.api.permissions.HasScope"],
    "DEFAULT_PAGINATION_CLASS": "conversations.api.pagination.NewestFirst",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "conversations.api.errors.handle",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ambient",
    "DESCRIPTION": "Live conversation intelligence that people can host themselves.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "ConversationStatusEnum": "conversations.models.Conversation.Status",
        "StageStatusEnum": "conversations.models.StageRun.Status",
        "AnswerStatusEnum": "conversations.models.Answer.Status",
        "JobStatusEnum": "conversations.jobs.JOB_STATES",
        "JobSourceEnum": "conversations.jobs.JOB_SOURCES",
        "EnhancementStatusEnum": "sessions.api.enhancement.STATES",
        "ConversationSourceEnum": "conversations.models.Conversation.Source",
        "StageNameEnum": "conversations.models.Stage",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "conversations.api.schema.add_audio",
    ],
}

CONTENT_SECURITY_POLICY = {
    # Nothing from elsewhere and nothing inline; sockets and requests to this address alone.
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "live"
LOGOUT_REDIRECT_URL = "live"
SESSION_COOKIE_SAMESITE = "Lax"  # a link from elsewhere finds people signed in, a form does not
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True  # pages have the token in a form
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CELERY_TASK_SERIALIZER = "json"

LOGGING = logging_settings(AMBIENT.log_level)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_USER_ID_FIELD = None
