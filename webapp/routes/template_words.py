"""What templates say: the words of `webapp/words`, and their own through its seam."""

from __future__ import annotations

from types import SimpleNamespace

from flask import Flask
from markupsafe import Markup, escape

from webapp.words import (
    activity,
    alert_mails,
    alert_rules,
    api,
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
    padlocks,
    readiness,
    reasons,
    refreshes,
    renewers,
    security,
    settings,
    sources,
    states,
    statuses,
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
WORDING = SimpleNamespace(
    activity=activity,
    api=api,
    alert_mails=alert_mails,
    alert_rules=alert_rules,
    certificates=certificates,
    changes=changes,
    channels=channels,
    counts=counts,
    curl_errors=curl_errors,
    health=health,
    hostnames=hostnames,
    imports=imports,
    incidents=incidents,
    jobs=jobs,
    letters=letters,
    links=links,
    mail_templates=mail_templates,
    notes=notes,
    notices=notices,
    padlocks=padlocks,
    readiness=readiness,
    reasons=reasons,
    refreshes=refreshes,
    renewers=renewers,
    security=security,
    settings=settings,
    sources=sources,
    states=states,
    statuses=statuses,
    tasks=tasks,
    times=times,
    today=today,
    validity=validity,
    verdicts=verdicts,
    webhooks=webhooks,
    website=website,
)


def register(app: Flask) -> None:
    """Gives templates `wording`, and `{% trans %}` and `gettext` for the reader's language."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.policies["ext.i18n.trimmed"] = True  # a sentence may stand in several lines
    app.jinja_env.newstyle_gettext = True  # type: ignore[attr-defined]
    app.jinja_env.globals.update(wording=WORDING, gettext=_gettext, ngettext=_ngettext)


# The extension's own functions fill in parameters where there are none, too. A page says a hundred
# texts, most of them without: with these, half of what the translation costs is saved.
def _gettext(message: str, /, **parameters: object) -> Markup:
    """This message in the reader's language: HTML, in which its parameters are escaped."""
    return _filled(translation.translation_of(message), parameters)


def _ngettext(one: str, many: str, count: int, /, **parameters: object) -> Markup:
    """The form of a message that belongs to this count, its parameters escaped."""
    return _filled(translation.plural_of(one, many, count), {"num": count, **parameters})


def _filled(message: str, parameters: dict[str, object]) -> Markup:
    if not parameters:
        return Markup(message.replace("%%", "%"))  # noqa: S704 - trusted, like the template
    escaped = {name: escape(value) for name, value in parameters.items()}
    return Markup(message % escaped)  # noqa: S704
