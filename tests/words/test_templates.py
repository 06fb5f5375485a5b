"""What templates say themselves passes through the seam of translation, too."""

import io
import re
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from jinja2 import Environment, nodes

import webapp
from tests.conftest import NOW
from tests.monitor.processes import wait_for
from tests.test_site import paths
from tests.words.bracketed import Bracketed
from webapp.extensions import db, limiter, writing
from webapp.notices.models import AlertIncident
from webapp.words.translation import translated

ROOT = Path(webapp.__file__).parent / "templates"
JINJA = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
JINJA.newstyle_gettext = True  # each {% trans %} is parsed as one call
SEAM = ("gettext", "ngettext")
# What a browser shows or reads out of a tag, and what site.js does
SHOWN = {"alt", "aria-label", "label", "placeholder", "title"}
SHOWN |= {"data-copied", "data-failed", "data-idle", "data-label", "data-none", "data-selected"}
# Names that no one translates
SILENT = {"code", "script", "style"}
LETTER = re.compile(r"[^\W\d_]")
# Attributes that a macro or a block writes into the tag of another
ATTRIBUTES = re.compile(r'\b[a-z]+(-[a-z]+)*="[^"]*"|\bdata-[a-z-]+')
# A text in an expression: it begins with a capital, is a sentence, or joins others
WORDS = re.compile(r"^\W*[A-Z](?: [a-z]|[a-z’])|[a-z][.,:] |^[ ,]+[a-z]|[a-z][ ,]+$")


def printed(expression):
    """The texts of an expression that can end up on the page."""
    match expression:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.CondExpr():
            yield from printed(expression.expr1)
            yield from printed(expression.expr2) if expression.expr2 else ()
        case nodes.Or() | nodes.And() | nodes.Add():
            yield from printed(expression.left)
            yield from printed(expression.right)
        case nodes.Concat():
            for part in expression.nodes:
                yield from printed(part)
        case nodes.Filter():
            yield from printed(expression.node) if expression.node else ()
        case nodes.Getitem(node=nodes.Dict() as table):
            for pair in table.items:
                yield from printed(pair.value)


def markup(node):
    """The HTML of a template, all branches of it, a 0 in place of what is filled in."""
    if isinstance(node, nodes.TemplateData):
        yield node.data
    elif isinstance(node, nodes.Expr):
        yield " ".join(printed(node)) or "0"
    else:
        # What is printed and what is nested; not conditions, nor what is looped over
        printing = isinstance(node, nodes.Output)
        for child in node.iter_child_nodes():
            if printing or isinstance(child, nodes.Stmt):
                yield from markup(child)


class Texts(HTMLParser):
    """Collects what a page shows: texts between tags and in attributes."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.inside = []

    def handle_starttag(self, tag, attrs):
        self.inside = [tag] if tag in SILENT else self.inside
        button = dict(attrs).get("type") in ("submit", "button", "reset") and tag == "input"
        for name, value in attrs:
            if name in SHOWN or (button and name == "value"):
                self.handle_data(value or "")

    def handle_endtag(self, tag):
        self.inside = [open_ for open_ in self.inside if open_ != tag]

    def handle_data(self, data):
        if not self.inside and LETTER.search(ATTRIBUTES.sub("", data)):
            self.found.append(" ".join(data.split()))


def codes(tree):
    """Expressions of which no one reads the texts: what is compared, looked up or translated."""
    for node in tree.find_all((nodes.Compare, nodes.Getitem, nodes.Dict, nodes.Call, nodes.Test)):
        match node:
            case nodes.Compare():
                yield from (node.expr, *(operand.expr for operand in node.ops))
            case nodes.Getitem():
                yield node.arg
            case nodes.Dict():
                yield from (pair.key for pair in node.items)
            case nodes.Test():
                yield from (node.node, *node.args)
            case nodes.Call(node=nodes.Name(name=name)) if name in SEAM:
                yield from node.args


def unseamed(source):
    """What a template says past the seam."""
    tree = JINJA.parse(source)
    page = Texts()
    page.feed("".join(markup(tree)))
    page.close()
    silent = {id(const) for code in codes(tree) for const in (code, *code.find_all(nodes.Const))}
    texts = (
        const.value
        for const in tree.find_all(nodes.Const)
        if id(const) not in silent and isinstance(const.value, str)
    )
    return page.found + [text for text in texts if WORDS.search(text)]


def test_every_text_of_the_templates_can_be_translated():
    pages = {str(path.relative_to(ROOT)): path for path in sorted(ROOT.rglob("*.html"))}
    found = {name: texts for name, path in pages.items() if (texts := unseamed(path.read_text()))}
    assert found == {}


def test_the_guard_sees_what_it_guards_against():
    for source in (
        "<p>Nothing yet</p>",
        '<input placeholder="Search">',
        '<input type="submit" value="Save">',
        "{{ 'none' if empty else 'some' }}",
        '<a title="{{ {1: "one"}[count] }}">1</a>',
        "{% set title = 'Delete ' ~ name %}",
        "{{ field(form.name, hint='Separated by commas.') }}",
        "{% trans %}Delete{% endtrans %} {{ name }} now",
    ):
        assert len(unseamed(source)) > 0, source
    for source in (
        "{% trans name=client.name %}Delete <b>{{ name }}</b>?{% endtrans %}",
        '<a title="{{ gettext("All with this tag") }}">{{ tag.name }}</a>',
        "<p class=\"{{ 'card mb-3' if wide else 'card' }}\"><code>curl</code> 1 × 2</p>",
        "{% if status == 'Active' %}{{ icon('plus') }}{% endif %}",
        "{{ colours['Active'] }}{{ {'Active': 'green'}.get(status) }}",
    ):
        assert unseamed(source) == [], source


class Shouted(NullTranslations):
    """A language with words in another order, and three plural forms."""

    def gettext(self, message):
        return {"Delete %(name)s?": "%(name)s: delete?"}.get(message, message.upper())

    def ngettext(self, one, many, count):
        return {1: "one", 2: "a pair"}.get(count, "%(count)s of them")


def test_templates_speak_the_readers_language_and_escape_what_they_fill_in_once(app):
    delete = app.jinja_env.from_string(
        '<a title="{{ gettext("Undo") }}">'
        "{% trans name=name %}Delete\n  {{ name }}?{% endtrans %}</a>"
        " {% trans %}100 % done{% endtrans %}"
    )
    counted = app.jinja_env.from_string(
        "{% trans count=count %}{{ count }} item{% pluralize %}{{ count }} items{% endtrans %}"
    )
    name = "<b> & %(name)s {name}"
    escaped = "&lt;b&gt; &amp; %(name)s {name}"
    assert delete.render(name=name) == f'<a title="Undo">Delete {escaped}?</a> 100 % done'
    assert [counted.render(count=n) for n in (1, 2, 5)] == ["1 item", "2 items", "5 items"]
    with translated(Shouted()):
        assert delete.render(name=name) == f'<a title="UNDO">{escaped}: delete?</a> 100 % DONE'
        assert [counted.render(count=n) for n in (1, 2, 5)] == ["one", "a pair", "5 of them"]


class Untranslated(Texts):
    """Collects what a page shows outside of all brackets."""

    def __init__(self):
        super().__init__()
        self.depth = 0

    def handle_data(self, data):
        for part in re.split("([⟦⟧])", data):
            self.depth += {"⟦": 1, "⟧": -1}.get(part, 0)
            if not self.depth:
                super().handle_data(part)


# What is stored or a name; the months still wait for their language
DATA = re.compile(
    r"Padlock|Alice’s Bakery|Alice Baker|Ada Admin|Bob Plumber|Sam Staff|Bob & Sons|"
    r"\w+@example\.com|\w+\.example|Starter Hosting|"
    r"\d+ [A-Z][a-z]{2}( \d{4})?|UTC|Etc/UTC|(py)?(Open)?SSL|Python|SQLite|"
    r"cryptography|certifi|/\S+cacert\.pem|[0-9a-f]{16}|Connection refused|JSON|\d+ GB|"
    r"(kind: |^)client$|^client: 7$|(client_name: )?nonsense(\.csv)?|"
    r"(\$ )?curl --.*|(https?|json)://\S+|\{\{ [\w.]+ \}\}|\{% [^%]* %\}"
)
NONSENSE = "nonsense"
LONG = "9" * 10_000
# In English for all: what a file may have in a column, and what programs and developers read
STATUSES = re.compile(r"^Pending, .*, (Fraud|Terminated)$")
ENGLISH = ("/styleguide", "/help/api")
# The first three end the session; the buttons of the form `#` have addresses of their own
NOT_SENT = re.compile(r"/sign-out$|/sign-out-everywhere$|/view-as$|^#$")
TAKES_AWAY = re.compile("delete|remove|revoke|discard|cancel")
MORE_PAGES = [
    f"/admin/reports/ssl-status/selected/{what}?item=service-1&item=domain-1"
    for what in ("move", "status", "renewer", "tags", "delete")
]
# What an administrator has no page for: clients' own, what opens with a link of a mail, and what
# there is nothing of
NOT_OPENED = re.compile(
    r"/(services|domains)(\.csv|/1.*)?|/history|/(badge|calendar|embed|reset|setup|shared)/x.*|"
    r"/unsubscribe/x|/admin/import/[\w-]+/left-out\.csv|.*/channels/1/deliveries|"
    r"/logo|/metrics|/static/x|/nowhere"
)


def left_in_english(answer):
    if answer.mimetype != "text/html" or answer.status_code in (302, 303):
        return []
    page = Untranslated()
    page.feed(answer.text)
    page.close()
    assert page.depth == 0
    texts = [DATA.sub("", text) for text in page.found]
    return [text for text in texts if LETTER.search(text) and not STATUSES.match(text)]


def forms_of(pages):
    """The forms of these pages and where they are sent to, those that delete something last; each
    with the path of a page that has it."""
    found = {}
    for path, answer in pages.items():
        for form in BeautifulSoup(answer.text, "html.parser").select("form[method=post]"):
            action = form.get("action") or path
            if not NOT_SENT.search(action):
                found.setdefault(action, (path, form))
    return dict(sorted(found.items(), key=lambda one: bool(TAKES_AWAY.search(one[0]))))


def filled_in(form, text):
    """What a browser sends of this form where all that can be typed or chosen is this text; hidden
    fields keep their value."""
    return {
        field["name"]: field.get("value", "") if field.get("type") == "hidden" else text
        for field in form.select("[name]")
    }


@pytest.fixture
def one_of_each(app, visit, tmp_path):
    """A source, a channel, an incident, a link and an import: what pages of administrators show."""
    app.instance_path = str(tmp_path / "instance")
    ada = visit("ada")
    source = {"name": NONSENSE, "kind": "whmcs", "url": "https://127.0.0.1:1"}
    credentials = {"identifier": NONSENSE, "secret": NONSENSE, "gone_percent": "20"}
    ada.post("/admin/sources/new", source | credentials)
    channel = {"name": NONSENSE, "url": "json://127.0.0.1:1", "kinds": ["urgent"]}
    ada.post("/admin/warnings/channels/new", channel)
    ada.post("/admin/clients/1/links", {"use": "page", "days": "30"})
    file = (io.BytesIO(f"kind,client,client_name\nclient,7,{NONSENSE}".encode()), f"{NONSENSE}.csv")
    answer = ada.post("/admin/import", {"file": file}, content_type="multipart/form-data")
    wait_for(lambda: "hx-get" not in ada.client.get(f"{answer.location}/progress").text)
    with app.app_context(), writing():
        times = {"opened_at": NOW.isoformat(), "grown_at": NOW.isoformat()}
        names = {"names": ["alice.example"], "troubled": ["alice.example"]}
        cause = {"kind": "invalid", "reason": "refused", "part": "address", "value": "192.0.2.1"}
        state = {"id": 1, "kind": "invalid", "causes": [cause], **times, **names}
        db.session.add(AlertIncident(id=1, state=state))
    return answer.location.rpartition("/")[2]


@pytest.mark.parametrize("who", [None, "alice", "ada"])
def test_pages_and_refusals_in_another_language_have_no_english_left(
    visit, app, who, one_of_each, monkeypatch
):
    monkeypatch.setattr(limiter, "enabled", False)
    every_path = [path.replace("/import/x", f"/import/{one_of_each}") for path in paths(app, "GET")]
    with translated(Bracketed()):
        client = visit(who).client
        asked = [path for path in ("/nowhere", *every_path, *MORE_PAGES) if path not in ENGLISH]
        pages = {path: client.get(path) for path in asked}
        left = {path: left_in_english(answer) for path, answer in pages.items()}
        forms = forms_of(pages)
        for action, (path, form) in forms.items():
            for text in (NONSENSE, LONG):
                answer = client.post(action, data=filled_in(form, text))
                left[f"POST {action} {text[:8]}"] = left_in_english(answer)
                left[f"{path} after {action} {text[:8]}"] = left_in_english(client.get(path))
    assert {path: texts for path, texts in left.items() if texts} == {}
    if who == "ada":
        closed = [path for path, answer in pages.items() if answer.status_code in (403, 404, 410)]
        assert [path for path in closed if not NOT_OPENED.fullmatch(path)] == []
        assert len(forms) > 55
