"""Credentials of a request into an `Access`, in the contract's order: key, token, cookie, loopback."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, Throttled
from rest_framework.request import Request

from conversations import wrong_keys
from conversations.access import (
    Access,
    access_from_key,
    access_from_loopback,
    access_from_token,
    access_from_user,
    host_of_origin,
)

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FORWARDING_HEADERS = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP")


def bearer_of(request: HttpRequest | Request) -> str | None:
    """The key in `Authorization: Bearer KEY`; None where there is no such header."""
    scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else None


def access_of(request: Request) -> Access:
    """Who is behind an authenticated REST request. Raises NotAuthenticated where nobody is."""
    if isinstance(request.auth, Access):
        return request.auth
    if request.user is None or not request.user.is_authenticated:
        raise NotAuthenticated
    return access_from_user(request.user)


def access_of_plain(request: HttpRequest) -> Access | None:
    """The same for a view without REST framework, which only reads (no CSRF check is made here).

    Queries the database. None where there are no credentials or wrong ones. Raises Throttled.
    """
    key, token = bearer_of(request), request.GET.get("token")
    if key is not None or token is not None:
        check_address(request)
        access = access_from_key(key) if key is not None else access_from_token(token or "")
        if access is None:
            wrong_keys.note(address_of(request))
        return access
    if request.user.is_authenticated:
        return access_from_user(request.user)
    return access_from_loopback() if is_open_loopback(request) else None


def address_of(request: HttpRequest | Request) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))


def check_address(request: HttpRequest | Request) -> None:
    """Raises Throttled for an address that has shown too many wrong keys."""
    if wrong_keys.is_refused(address_of(request)):
        raise Throttled(wrong_keys.WINDOW_S, "Too many wrong keys from this address.")


def is_open_loopback(request: HttpRequest | Request) -> bool:
    """Whether a keyless request may come in: allowed by the setting, from this machine, not through a proxy,
    and not sent by a page of another site."""
    if not settings.AMBIENT.open_loopback or any(name in request.META for name in FORWARDING_HEADERS):
        return False
    origin = request.META.get("HTTP_ORIGIN")
    if origin is not None and host_of_origin(origin) != request.get_host():
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer KEY`."""

    def authenticate(self, request: Request) -> tuple[User, Access] | None:
        key = bearer_of(request)
        if key is None:
            return None
        check_address(request)
        access = access_from_key(key)
        if access is None:
            wrong_keys.note(address_of(request))
            raise AuthenticationFailed("This API key is not known, or is switched off.")
        return _owner(access), access

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="ambient"'


class TokenAuthentication(BaseAuthentication):
    """`?token=`, made by POST /api/v1/tokens."""

    def authenticate(self, request: Request) -> tuple[User, Access] | None:
        token = request.query_params.get("token")
        if token is None:
            return None
        check_address(request)
        access = access_from_token(token)
        if access is None:
            wrong_keys.note(address_of(request))
            raise AuthenticationFailed("This token is not valid, or has expired.")
        return _owner(access), access


class LoopbackAuthentication(BaseAuthentication):
    """Nothing at all, from this machine, where AMBIENT_OPEN_LOOPBACK allows it."""

    def authenticate(self, request: Request) -> tuple[User, Access] | None:
        access = access_from_loopback() if is_open_loopback(request) else None
        return None if access is None else (_owner(access), access)


def _owner(access: Access) -> User:
    return get_user_model().objects.get(pk=access.owner_id)
