"""What the web server runs: Django for HTTP, the live protocols for WebSockets."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ambient.settings")

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

django_application = get_asgi_application()  # before anything that needs the apps to be ready

from conversations.api.body_limit import BodyLimit
from conversations.api.event_streams import EventStreams
from conversations.api.waiting import WaitForRun
from sessions.routing import websocket_application

application = ProtocolTypeRouter(
    {
        # Django takes a body in whole before a view can refuse it, so its size is limited before Django.
        "http": BodyLimit(EventStreams(WaitForRun(django_application))),
        "websocket": websocket_application,
    }
)
