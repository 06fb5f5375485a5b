"""What System health says of alerts."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, current_app
from sqlalchemy import func, select

from webapp import mail
from webapp.customers.models import User
from webapp.extensions import db
from webapp.monitor.health.facts import Flag, Level
from webapp.monitor.health.rules import SILENT
from webapp.notices import channels, codec
from webapp.notices.models import AlertClock, AlertName
from webapp.words import alert_mails as say
from webapp.words import health as words

NAME = "Warnings"


def why_off() -> str:
    """Why no warnings are sent; empty if they are."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if not app.config["PADLOCK_ALERTS"]:
        return say.alerts_are_off()
    return "" if mail.ready(app) or channels.active() else say.no_mail_server()


def why_no_mails(who: User) -> str:
    """Why this user gets no warnings by mail, and what to do; empty if that is their choice."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if not app.config["PADLOCK_ALERTS"]:
        return say.alerts_are_off() if who.is_admin else say.alerts_off_here()
    if mail.ready(app):
        return ""
    return say.no_mails() if who.is_admin else say.no_mails_here()


def flags(now: datetime) -> list[Flag]:
    """Whether alerts are evaluated, and when they last were."""
    if off := why_off():
        return [Flag(NAME, Level.OK, off)]
    clock = db.session.get(AlertClock, 1)
    if clock is None:
        return [Flag(NAME, Level.OK, say.not_evaluated_yet())]
    names = db.session.scalar(select(func.count()).select_from(AlertName)) or 0
    told = say.evaluated_text(names, clock.evaluated_at, now)
    if now - clock.evaluated_at > SILENT:
        return [Flag(NAME, Level.WARNING, told, words.look_in_the_log())]
    if codec.load_common(clock.state).outage.lasts:
        return [Flag(NAME, Level.WARNING, words.warnings_held_back(), words.see_other_problems())]
    return [Flag(NAME, Level.OK, told)]
