"""What templates say: the words of `webapp/words`, and their own through its seam."""

from __future__ import annotations

from flask import Flask

from webapp.words import (
    activity,
    alert_mails,
    alert_rules,
    certificates,
    changes,
    channels,
    counts,
    curl_errors,
    health,
    hostnames,
    imports,
    incidents,
    jobs,
    letters,
    links,
    mail_templates,
    notes,
    notices,
    readiness,
    reasons,
    refreshes,
    renewers,
    security,
    settings,
    states,
    tasks,
    times,
    today,
    translation,
    validity,
    verdicts,
    webhooks,
    website,
)

# What templates know as `wording`: one module a subject.
WORDING = {
    "activity": activity,
    "alert_mails": alert_mails,
    "alert_rules": alert_rules,
    "certificates": certificates,
    "changes": changes,
    "channels": channels,
    "counts": counts,
    "curl_errors": curl_errors,
    "health": health,
    "hostnames": hostnames,
    "imports": imports,
    "incidents": incidents,
    "jobs": jobs,
    "letters": letters,
    "links": links,
    "mail_templates": mail_templates,
    "notes": notes,
    "notices": notices,
    "readiness": readiness,
    "reasons": reasons,
    "refreshes": refreshes,
    "renewers": renewers,
    "security": security,
    "settings": settings,
    "states": states,
    "tasks": tasks,
    "times": times,
    "today": today,
    "validity": validity,
    "verdicts": verdicts,
    "webhooks": webhooks,
    "website": website,
}


def register(app: Flask) -> None:
    """Gives templates `wording`, and `{% trans %}` and `gettext` for the reader's language."""
    app.context_processor(lambda: {"wording": WORDING})
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True  # a sentence may stand in several lines
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.translation_of, translation.plural_of, newstyle=True
    )
