"""Addresses of this room, from the root."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
