"""What services and domains have in common: delete, note, certificate, history, check now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import fields

from webapp.api import answers
from webapp.api.answers import each, instant, text, words
from webapp.api.bodies import NoteBody, note_and_tags
from webapp.api.fields import AnswerBody
from webapp.api.gate import now
from webapp.api.operations import make_blueprint, operation, tagged, version_wanted
from webapp.customers import access, items, padlocks
from webapp.customers.models import Domain, Service, User
from webapp.errors import found
from webapp.probe import Reason, State
from webapp.words import changes

blueprint = make_blueprint(
    "items", help="What services and domains have in common: certificates, history, checks."
)


class CertificateAnswer(AnswerBody):
    """The certificate that was seen last."""

    subject = text()
    issuer = text()
    names = each(fields.String())
    serial = text()
    fingerprint = text(help="SHA-256", null=True)
    key = text()
    signature = text()
    tls_version = text(null=True)
    not_before = instant(null=True)
    not_after = instant(null=True)
    checked_at = instant(null=True)


class ChangeAnswer(AnswerBody):
    at = instant()
    title = text()
    explanation = text()
    state = words(State)
    reason = words(Reason)
    issuer = text()
    fingerprint = text(null=True)
    not_after = instant(null=True)


class HistoryAnswer(AnswerBody):
    items = each(fields.Nested(ChangeAnswer))


def _of_both(kind: str) -> None:
    """The operations on items of this kind."""
    one = f"/{kind}s/<id:item_id>"
    fixed = {"kind": kind}

    @operation(
        blueprint,
        "DELETE",
        one,
        None,
        status=204,
        problems=(409, 412),
        name=f"delete_{kind}",
        fixed=fixed,
    )
    def delete(user: User, item_id: int, kind: str) -> Response:
        """Deletes it."""
        item = access.require_item(user, kind, item_id)
        items.remove(user, kind, item_id, version_wanted(item.version), now())
        return Response(status=204)

    @operation(
        blueprint,
        "PUT",
        f"{one}/note",
        answers.ANSWERS[kind],
        body=NoteBody,
        problems=(409, 412),
        name=f"note_{kind}",
        etag=True,
        fixed=fixed,
    )
    def note(user: User, body: Mapping[str, Any], item_id: int, kind: str) -> Any:
        """Writes its note, and its tags where they are sent. Staff may do so, too."""
        item = access.require_item(user, kind, item_id)
        version = version_wanted(item.version)
        items.write_note(user, kind, item_id, version, *note_and_tags(item, body), now())
        item = access.require_item(user, kind, item_id)
        return answers.item_of(item, user, now()), 200, tagged(item.version)

    @operation(
        blueprint,
        "GET",
        f"{one}/status",
        answers.StandingAnswer,
        name=f"get_{kind}_status",
        fixed=fixed,
    )
    def status(user: User, item_id: int, kind: str) -> dict[str, Any]:
        """How its padlock stands, without a check."""
        return answers.standing_of(access.require_item(user, kind, item_id), user, now())

    @operation(
        blueprint,
        "GET",
        f"{one}/certificate",
        CertificateAnswer,
        name=f"get_{kind}_certificate",
        fixed=fixed,
    )
    def certificate(user: User, item_id: int, kind: str) -> Any:
        """The certificate that was seen last."""
        return found(padlocks.certificate(access.require_item(user, kind, item_id)))

    @operation(
        blueprint, "GET", f"{one}/history", HistoryAnswer, name=f"get_{kind}_history", fixed=fixed
    )
    def history(user: User, item_id: int, kind: str) -> dict[str, Any]:
        """What has changed of its certificate, the latest first."""
        listed = padlocks.history(access.require_item(user, kind, item_id))
        return {
            "items": [
                {
                    "at": change.at,
                    "title": changes.change_title(change),
                    "explanation": changes.change_text(change),
                    "state": change.new_state.value,
                    "reason": change.new_reason.value,
                    "issuer": change.new_issuer,
                    "fingerprint": change.new_fingerprint,
                    "not_after": change.new_not_after,
                }
                for change in listed
            ]
        }

    @operation(
        blueprint,
        "POST",
        f"{one}/check",
        answers.StandingAnswer,
        status=202,
        name=f"check_{kind}",
        fixed=fixed,
    )
    def check(user: User, item_id: int, kind: str) -> Any:
        """Checks it now.

        Read its status until checking is false.
        """
        item, _ = padlocks.ask_now(user, kind, item_id, now())
        return answers.standing_of(item, user, now())


for _kind in (Service.kind, Domain.kind):
    _of_both(_kind)
