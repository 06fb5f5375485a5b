"""What every request passes on its way in and out: broken input, who may come in, and the headers
of the answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask_login import current_user
from gunicorn.http.errors import NoMoreData, ParseException
from werkzeug.exceptions import BadHost, ClientDisconnected
from werkzeug.routing import BaseConverter, ValidationError
from werkzeug.wrappers import Response as AnyResponse

from webapp import problems
from webapp.parsing import LARGEST
from webapp.site import this_site

F = TypeVar("F", bound=Callable[..., Any])

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BROKEN = re.compile("[\0\ufffd]")  # U+FFFD stands for bytes that could not be read
# One slash, then neither a slash nor a backslash, and printable ASCII only: nothing that a browser
# could take for the address of another site, and nothing that could end a header.
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*\Z")

MOST_FIELDS = 1000  # of a form or an address: the largest form is a check of a hundred rows
MOST_FILE_NAME_BYTES = 255  # on most systems; longer ones are an error there
MOST_QUERY_BYTES = 8190  # bytes, as gunicorn.conf.py has it for the whole address

UPLOADS = ("imports.upload", "settings.save")  # whose forms have a file
LOOKING = ("GET", "HEAD")  # the methods that change nothing

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src"
    " 'self' data:; font-src 'self'; connect-src 'self'; form-action"
    " 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

# A logo comes from outside. Opened by itself, an SVG runs no script, not even one of the site's
LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"

# The HTML of a mail has its styles in itself. It is shown in a frame of the page that previews it
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
PREVIEW_POLICY = f"{HEADERS['Content-Security-Policy']}; frame-src 'self'"
POLICIES = {
    "branding.logo": LOGO_POLICY,
    "mail_texts.html": MAIL_POLICY,
    "mail_texts.edit": PREVIEW_POLICY,
}


class IdConverter(BaseConverter):
    """A row's id as we write it ourselves: plain digits, no leading zero, no more than a database
    can hold."""

    regex = "[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> int:
        if int(value) > LARGEST:
            raise ValidationError
        return int(value)


def open_to_everyone(view: F) -> F:
    """This page needs no sign-in. Every page without this mark does."""
    view.open_to_everyone = True  # type: ignore[attr-defined]
    return view


def fragment(view: F) -> F:
    """This address answers with a part of a page, which no form for signing in must ever be put
    into."""
    view.fragment = True  # type: ignore[attr-defined]
    return view


def open_to_staff(view: F) -> F:
    """Staff may send this form, too. Every other form of the provider's people is for
    administrators."""
    view.open_to_staff = True  # type: ignore[attr-defined]
    return view


def in_background() -> bool:
    """Whether this request is for a part of a page, which an open page may ask for by itself."""
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "fragment", False) or (
        request.blueprint == "probe" and request.method in LOOKING
    )


def staff_only() -> None:
    """For a blueprint whose pages are for the provider's own people.

    A user who is no administrator only looks, and sends what is `open_to_staff`.
    """
    if not current_user.is_authenticated:
        return  # the gate sends them to sign in
    view = current_app.view_functions.get(request.endpoint or "")
    may_send = current_user.is_admin or getattr(view, "open_to_staff", False)
    if not current_user.sees_everything or (request.method not in LOOKING and not may_send):
        abort(403)


def admins_only_but(*endpoints: str) -> Callable[[], None]:
    """For a blueprint of forms with which administrators change things; staff look at these pages
    of it."""

    def gate() -> None:
        staff_only()
        if (
            current_user.is_authenticated
            and not current_user.is_admin
            and request.endpoint not in endpoints
        ):
            abort(403)

    return gate


def clients_only() -> AnyResponse | None:
    """For a blueprint whose pages are about the client whose user is signed in: the provider's
    people have none, and their first page is another one."""
    if current_user.is_authenticated and current_user.sees_everything:
        return (
            redirect(url_for("auth.home")) if request.endpoint == "client.overview" else abort(403)
        )
    return None


def own_path(target: str | None) -> str | None:
    """This target, if it is a path of this very site; anything else is None."""
    return target if target and _OWN_PATH.match(target) else None


def register(app: Flask) -> None:
    """Puts the gate before and behind every request."""
    app.before_request(_warn_of_a_proxy)
    app.before_request(_refuse_broken_address)
    app.before_request(_require_sign_in)
    # Nothing of a form is read for those who may not send one
    app.before_request(_refuse_broken_form)
    app.after_request(_add_headers)


def _warn_of_a_proxy() -> None:
    """Once: behind a proxy that we do not know of, all visitors share one address, and one limit on
    signing in."""
    site = this_site()
    if (
        "X-Forwarded-For" in request.headers
        and not current_app.config["PADLOCK_TRUSTED_PROXIES"]
        and not site.warned_of_proxy
    ):
        site.warned_of_proxy = True
        current_app.logger.warning(
            "X-Forwarded-For came in: behind a reverse proxy set PADLOCK_TRUSTED_PROXIES=1."
        )


def _refuse_broken_address() -> None:
    try:
        _ = request.host_url  # of the Host header, or of what a proxy says of it
    except ValueError:
        raise BadHost from None
    if request.endpoint == "static" and len(request.path.encode()) > MOST_FILE_NAME_BYTES:
        abort(404)
    if (
        request.method == "POST"
        and not problems.wanted()
        and request.mimetype
        and request.mimetype not in (_URLENCODED, _MULTIPART)
    ):
        abort(415)
    if (
        len(request.query_string) > MOST_QUERY_BYTES
        or request.query_string.count(b"&") >= MOST_FIELDS
    ):
        abort(414)
    if any(_BROKEN.search(text) for text in (request.path, _text(request.query_string))):
        abort(400)


def _refuse_broken_form() -> None:
    if request.endpoint is None or problems.wanted():
        return  # 404 and 405 are the answer, whatever the body is; the API reads its own
    if (request.content_length or 0) > (request.max_content_length or 0):
        abort(413)
    if request.method != "POST":
        return
    try:
        texts = _fields()
    except ConnectionError:  # it came too slowly, see webapp.visitor_connection
        abort(408)
    except ClientDisconnected as error:
        # Werkzeug's word for that, and for a body that ends too soon
        abort(408 if isinstance(error.__context__, ConnectionError) else 400)
    except (ParseException, NoMoreData):
        # gunicorn's: it is no body as HTTP has them, or ends too soon
        abort(400)
    if any(_BROKEN.search(text) for text in texts):
        abort(400)
    if request.files and request.endpoint not in UPLOADS:
        abort(400)  # a file where a form wants a text


def _fields() -> list[str]:
    """Every text of the form, and the whole of a body whose bytes stand for text."""
    body = request.get_data() if request.mimetype == _URLENCODED else b""
    if len(body) >= (request.max_content_length or 0):
        abort(413)  # Werkzeug reads no more of one that does not say how long it is
    if body.count(b"&") >= MOST_FIELDS:
        abort(413)  # to build the fields would take longer than to answer most requests
    return [_text(body), *(text for field in request.form.items(multi=True) for text in field)]


def _text(encoded: bytes) -> str:
    # Werkzeug lets bytes that are no UTF-8 pass in one disguise or another: they are looked for
    # before it decodes.
    try:
        return unquote_to_bytes(encoded).decode()
    except UnicodeDecodeError:
        abort(400)


def _require_sign_in() -> AnyResponse | None:
    view = current_app.view_functions.get(request.endpoint or "")
    if problems.wanted():
        return None  # it has tokens, and a gate of its own
    if view is None or getattr(view, "open_to_everyone", False) or current_user.is_authenticated:
        return None
    sent_by_a_part = request.method not in LOOKING and "HX-Request" in request.headers
    if in_background() or sent_by_a_part:
        # A fragment is part of a page: that page is where its reader wants to come back to, and no
        # form for signing in must ever be put into a cell.
        page = _path_of(request.headers.get("HX-Current-URL", ""))
        return Response(status=401, headers={"HX-Redirect": _sign_in_url(page)})
    if request.method in LOOKING:
        return redirect(_sign_in_url(request.full_path.rstrip("?")))
    # Back to the page whose form it was: its browser keeps what was entered (site.js)
    page = request.referrer or ""
    return redirect(_sign_in_url(_path_of(page) if page.startswith(request.host_url) else None))


def _path_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return f"{parts.path}?{parts.query}".rstrip("?")


def _sign_in_url(back_to: str | None) -> str:
    target = own_path(back_to)
    return url_for("auth.sign_in", next=None if target in (None, "/") else target)


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    if policy := POLICIES.get(request.endpoint or ""):
        response.headers["Content-Security-Policy"] = policy
    if request.endpoint == "shared.embed":
        sites = " ".join(current_app.config["PADLOCK_EMBED_SITES"]) or "'none'"
        policy = HEADERS["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace(
            "frame-ancestors 'none'", f"frame-ancestors {sites}"
        )
    if problems.wanted():
        response.headers["Cache-Control"] = "private, no-store"
        response.vary.add("Authorization")
    elif request.endpoint == "calendar.feed":
        response.headers["Cache-Control"] = "private, no-cache"  # it has an entity tag
    elif request.endpoint == "shared.badge" and response.status_code < 400:
        # Many readers, and the same for all of them
        response.headers["Cache-Control"] = "public, max-age=300"
    elif request.endpoint not in ("static", "branding.logo"):
        response.headers["Cache-Control"] = "private, no-store"
        response.vary.update(("Cookie", "HX-Request"))
    elif "/vendor/" in request.path and response.status_code < 400:
        # The version is in the folder's name: what is there never changes.
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    else:
        response.headers["Cache-Control"] = "no-cache"
    return response
