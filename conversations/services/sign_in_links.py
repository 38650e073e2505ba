"""Links that sign a person in once: signed, short-lived, and spent by any sign-in.

A link names its user and when that user last signed in. Signing in changes that, so a link that was used,
and every older one, is worth nothing, in whatever process it is shown again: the row is the only memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib.auth import get_user_model, login
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LINK_SALT = "ambient.sign-in-link"
LINK_LIFE_S = 15 * 60
"""Long enough to find the line that `make up` printed, short enough not to lie about in a scroll-back."""
BACKEND = "django.contrib.auth.backends.ModelBackend"


def make_link_path(user: User) -> str:
    """Path and query, since who prints it knows the address. The query is in no log."""
    token = signing.dumps([user.pk, _last_signed_in(user)], salt=LINK_SALT)
    return f"{reverse('sign-in-link')}?{urlencode({'token': token})}"


def person_of_link(token: str) -> User | None:
    """Whom the link signs in; None where it is spent, old or none of ours. Queries the database."""
    return _person(token, for_update=False)


@transaction.atomic
def sign_in_by_link(request: HttpRequest, token: str) -> bool:
    """Spend the link: of two who come at once, one is signed in."""
    user = _person(token, for_update=True)
    if user is None:
        return False
    login(request, user, backend=BACKEND)
    return True


def _person(token: str, *, for_update: bool) -> User | None:
    try:
        user_id, last_signed_in = signing.loads(token, salt=LINK_SALT, max_age=LINK_LIFE_S)
    except (signing.BadSignature, ValueError):
        return None
    users = get_user_model().objects.filter(is_active=True)
    user = (users.select_for_update() if for_update else users).filter(pk=user_id).first()
    return user if user is not None and _last_signed_in(user) == last_signed_in else None


def _last_signed_in(user: User) -> str | None:
    return None if user.last_login is None else user.last_login.isoformat()
