"""Scopes: what a key, a token or a person may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from conversations.api.authentication import access_of

if TYPE_CHECKING:
    from rest_framework.views import APIView  # at run time a circle: views read their defaults from here


class HasScope(BasePermission):
    """A view may set `required_scopes`: method → scope ("": any credentials will do). What it does not name
    needs `read` where the method is safe and `write` where it is not."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        scope = scope_for(view, request.method or "GET")
        access = access_of(request)
        self.message = f"This needs the scope {scope!r}."
        return not scope or access.may(scope)


def scope_for(view: object, method: str) -> str:
    """The scope that a method of a view needs."""
    required: Mapping[str, str] = getattr(view, "required_scopes", {})
    return required.get(method, "read" if method in SAFE_METHODS else "write")
