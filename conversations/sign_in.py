"""Signing in and out for people: Django's accounts, and links that work once.

Wrong passwords count with wrong keys: after more than ten in a minute an address is refused for a minute.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache

from conversations import wrong_keys
from conversations.api.authentication import address_of
from conversations.services.sign_in_links import LINK_LIFE_S, person_of_link, sign_in_by_link

REFUSAL = "Too many wrong attempts from this address. Try again in a minute."


class SignIn(LoginView):
    """`next` leads back, to an address of our own alone (Django checks it)."""

    template_name = "conversations/sign_in.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if wrong_keys.is_refused(address_of(request)):
            refused = self.render_to_response(self.get_context_data(refusal=REFUSAL), status=429)
            refused["Retry-After"] = str(wrong_keys.WINDOW_S)
            return refused
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        if form.cleaned_data.get("username") and form.cleaned_data.get("password"):
            wrong_keys.note(address_of(self.request))
        return super().form_invalid(form)


@method_decorator(never_cache, name="dispatch")
class SignInLink(View):
    """Looking at a link spends nothing, so that a browser which fetches ahead does not; its button does."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(request, person=person_of_link(request.GET.get("token", "")))

    def post(self, request: HttpRequest) -> HttpResponse:
        if sign_in_by_link(request, request.GET.get("token", "")):
            return redirect("live")
        return self._page(request, person=None)

    def _page(self, request: HttpRequest, *, person: Any) -> HttpResponse:
        context = {"person": person, "minutes": LINK_LIFE_S // 60}
        return render(request, "conversations/sign_in_link.html", context, status=200 if person else 410)
