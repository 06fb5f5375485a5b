"""What every request to the API passes: its token, how many there may be, and the errors below."""

from __future__ import annotations

import hashlib
import logging
import time
from datetime import UTC, datetime

from flask import Response, current_app, g, request
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.errors import StorageError
from werkzeug.exceptions import RequestEntityTooLarge

from webapp import problems, visitor_address
from webapp.accounts import tokens
from webapp.api.reading import JSON, MOST_BODY_BYTES, BadRequest
from webapp.customers import clients, concurrency, public_links, tags
from webapp.customers.models import User
from webapp.errors import NotAllowed, Refused
from webapp.extensions import limiter
from webapp.words import api as say

log = logging.getLogger(__name__)

# Where others look for tokens: never in an address
IN_ADDRESS = ("token", "access_token", "api_key", "apikey", "bearer_token")


def now() -> datetime:
    """The moment of this request: the clock is read once, here."""
    if "now" not in g:
        g.now = datetime.now(UTC)
    moment: datetime = g.now
    return moment


def this_user() -> User:
    """The user that the token of this request acts as."""
    user: User = g.api_user
    return user


def check_in() -> None:
    """Lets a request in whose token is good. Raises `BadRequest` where it is not."""
    request.max_content_length = MOST_BODY_BYTES
    for name, value in request.args.items(multi=True):
        if name in IN_ADDRESS or tokens.LOOKS_LIKE_ONE.search(value):
            raise BadRequest(400, say.token_in_address(name))
    found = tokens.of_header(request.headers.get("Authorization", ""), now())
    _count(f"token {found[0].id}" if found else f"network {visitor_address.network()}")
    if found is None:
        raise BadRequest(401)
    g.api_token, g.api_user = found
    if g.api_token.user_id is not None:
        g.user_id = g.api_token.user_id  # for the log
    tokens.note_use(g.api_token, visitor_address.address(), now())
    tokens.require_data(g.api_token)
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        tokens.require_write(g.api_token)
    if (request.content_length or 0) > MOST_BODY_BYTES:
        raise BadRequest(413)
    if not request.accept_mimetypes.best_match([JSON, problems.MEDIA_TYPE]) and (
        "Accept" in request.headers
    ):
        raise BadRequest(406)


def _limit() -> RateLimitItem:
    return RateLimitItemPerMinute(current_app.config["PADLOCK_API_PER_MINUTE"])


def _count(who: str) -> None:
    """Counts this request. Raises `BadRequest` where there were too many within the minute."""
    limit = _limit()
    key = hashlib.sha256(who.encode()).hexdigest()[:16]
    try:
        within = limiter.limiter.hit(limit, "api", key)
        stats = limiter.limiter.get_window_stats(limit, "api", key)
    except StorageError:
        log.warning("a request to the API was not counted: the store of limits does not answer")
        return
    seconds = max(1, round(stats.reset_time - time.time()))
    g.api_left = (limit.amount, max(0, stats.remaining), seconds)
    if not within:
        raise BadRequest(429)


def add_headers(response: Response) -> Response:
    """How many requests are left, as the IETF's draft of RateLimit headers has it."""
    if "api_left" in g:
        most, left, seconds = g.api_left
        response.headers["RateLimit-Policy"] = f'"minute";q={most};w=60'
        response.headers["RateLimit"] = f'"minute";r={left};t={seconds}'
        if response.status_code == 429:
            response.headers.setdefault("Retry-After", str(seconds))
    return response


def too_large(_error: RequestEntityTooLarge) -> Response:
    return problems.problem(413)


def bad_request(error: BadRequest) -> Response:
    return problems.problem(error.status, error.detail, error.errors)


def not_allowed(error: NotAllowed) -> Response:
    return problems.problem(403, str(error))


def changed_meanwhile(_error: concurrency.ChangedMeanwhile) -> Response:
    return problems.problem(412 if "If-Match" in request.headers else 409)


def conflict(error: Exception) -> Response:
    return problems.problem(409, str(error))


HANDLERS = {
    BadRequest: bad_request,
    NotAllowed: not_allowed,
    concurrency.ChangedMeanwhile: changed_meanwhile,
    concurrency.Taken: conflict,
    clients.NoSuchClient: conflict,
    tags.BadTags: conflict,
    public_links.BadLink: conflict,
    Refused: conflict,
}
