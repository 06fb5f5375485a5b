"""Error pages: in the layout of the site, in plain words, without a detail that only helps an
attacker."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, render_template, request
from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.exceptions import BadHost, Forbidden, HTTPException, SecurityError
from werkzeug.routing import RequestRedirect

from webapp import problems
from webapp.accounts.hashing import TooManyHashes
from webapp.accounts.password_hashes import CannotHash
from webapp.errors import NotAllowed, NotFound
from webapp.extensions import db, saving_fails
from webapp.routes.account_fields import no_guess
from webapp.routes.exports import TooManyExports
from webapp.routes.gate import own_path
from webapp.words import error_pages

HASHES_AGAIN_SECONDS = 2
EXPORTS_AGAIN_SECONDS = 10


def register(app: Flask) -> None:
    """Answers every error with a page of ours."""
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(NotFound, lambda _error: _page(404))
    app.register_error_handler(NotAllowed, lambda _error: _page(403))
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(InterfaceError, _database_error)
    app.register_error_handler(DatabaseError, _perhaps_damaged)
    app.register_error_handler(PoolTimeout, _database_error)
    app.register_error_handler(ObjectDeletedError, _gone)
    app.register_error_handler(TooManyHashes, _too_many_hashes)
    app.register_error_handler(TooManyExports, _too_many_exports)
    app.register_error_handler(CannotHash, _no_memory)
    app.register_error_handler(MemoryError, _no_memory)
    app.after_request(_redirect_here)


def _http_error(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return make_response(error.get_response())
    # Why a user may not, where we know better than the general words.
    told = (
        error.description
        if isinstance(error, Forbidden) and error.description != Forbidden.description
        else None
    )
    response = _page(error.code, (error_pages.page(403)[0], told) if told else None)
    response.headers.extend(
        (name, value) for name, value in error.get_headers() if name in {"Allow", "Retry-After"}
    )
    return response


def _redirect_here(response: Response) -> Response:
    """A redirect of the router's names the host as the request did, where anything may stand: it
    stays on this site."""
    if response.location and isinstance(request.routing_exception, RequestRedirect):
        path = urlsplit(response.location)._replace(scheme="", netloc="").geturl()
        response.location = own_path(path) or "/"
    return response


def _gone(_error: ObjectDeletedError) -> Response:
    """What the request is about was there when it began, and a user has deleted it since."""
    db.session.rollback()
    # Perhaps it was who asks: Flask-Login looks again, for the page is made for a user
    g.pop("_login_user", None)
    return _page(404)


def _too_many_hashes(_error: TooManyHashes) -> Response:
    no_guess()  # no one looked at the password
    db.session.rollback()
    response = _page(503, error_pages.too_many_hashes())
    response.headers["Retry-After"] = str(HASHES_AGAIN_SECONDS)
    return response


def _too_many_exports(_error: TooManyExports) -> Response:
    response = _page(503, error_pages.too_many_exports())
    response.headers["Retry-After"] = str(EXPORTS_AGAIN_SECONDS)
    return response


def _no_memory(error: Exception) -> Response:
    current_app.logger.error(
        "This machine has too little memory, or too few threads.", exc_info=error
    )
    db.session.rollback()
    unchecked = isinstance(error, CannotHash)
    return _page(503, error_pages.not_checked() if unchecked else error_pages.no_memory())


def _database_error(error: Exception) -> Response:
    current_app.logger.error("The database does not answer.", exc_info=error)
    db.session.rollback()
    if not saving_fails(error):
        return _page(503)
    signing_in = request.endpoint == "auth.sign_in"
    return _page(503, error_pages.no_sign_in() if signing_in else error_pages.not_saved())


def _perhaps_damaged(error: DatabaseError) -> Response:
    if saving_fails(error):
        return _database_error(error)
    if type(error) is not DatabaseError:
        raise error  # a statement of ours that cannot be right
    current_app.logger.critical(
        "The database is damaged. Stop the site and restore the last backup: see docs/running.md,"
        " “The database”."
    )
    return _database_error(error)


def _page(code: int, words: tuple[str, str] | None = None) -> Response:
    if isinstance(request.routing_exception, (SecurityError, BadHost)):
        # Not our host, or none at all: whatever else is wrong, there is no address to link to.
        return Response(error_pages.page(400)[0], 400, mimetype="text/plain")
    if problems.wanted():
        return problems.problem(code)
    title, text = words or error_pages.page(code)
    shown = {
        "title": title,
        "text": text,
        "code": code,
        "reference": g.get("request_id") if code >= 500 else None,
    }
    if code < 500:
        return make_response(render_template("errors/error.html", **shown), code)
    # Whatever failed may fail again: this page asks neither who is signed in nor anything else of
    # the database.
    return make_response(
        current_app.jinja_env.get_template("errors/error.html").render(**shown, bare=True), code
    )
