"""An assistant asks by the Model Context Protocol: the official client, and a real process."""

import os
import sys
from datetime import UTC, datetime, timedelta

import anyio
import pytest
from mcp.client.session import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.server.mcpserver.exceptions import ToolError
from sqlalchemy import select, update

from webapp.accounts import tokens
from webapp.accounts.models import Scope, Token
from webapp.cli import mcp_tools
from webapp.customers.models import User
from webapp.extensions import db, writing
from webapp.monitor.models import Target
from webapp.notices.models import AlertAct
from webapp.probe import Reason

NOW = datetime.now(UTC)
ENDS = (NOW + timedelta(days=3)).replace(microsecond=0)


@pytest.fixture
def names(in_app):
    """alice.example is valid for three days, bob.example is refused."""
    with writing():
        for name, reason in (("alice.example", Reason.OK), ("bob.example", Reason.REFUSED)):
            known = {"reason": reason, "state": reason.state, "checked_at": NOW, "not_after": ENDS}
            db.session.execute(update(Target).where(Target.hostname == name).values(known))


def token_of(name, scope, folder):
    """A file with a token of this user."""
    user = db.session.scalars(select(User).filter_by(email=f"{name}@example.com")).one()
    file = folder / name
    file.write_text(tokens.create(user, user, "assistant", scope, None, NOW) + "\n")
    return file


def ask(app, file, *questions):
    """The answers to these calls of tools, and the tools that there are."""
    environ = {
        "PATH": os.environ["PATH"],
        "PADLOCK_DATABASE_URL": app.config["PADLOCK_DATABASE_URL"],
        "PADLOCK_SECRET_KEY": app.config["SECRET_KEY"],
        "PADLOCK_CONNECT_TO": "*=127.0.0.1:1",
        "PADLOCK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "PADLOCK_SCHEDULER": "off",
    }
    arguments = ["-m", "flask", "--app", "wsgi", "mcp", "--token-file", str(file)]
    started = StdioServerParameters(command=sys.executable, args=arguments, env=environ)
    answers = []

    async def talk():
        async with stdio_client(started) as (read, write), ClientSession(read, write) as session:
            await session.initialize()
            answers.append({tool.name for tool in (await session.list_tools()).tools})
            for name, question in questions:
                answers.append(await session.call_tool(name, question))

    anyio.run(talk)
    return answers


def test_an_administrators_assistant_finds_explains_and_acts(names, in_app, tmp_path):
    item = {"kind": "service", "id": 2}
    tools, all_, red, ending, why, open_, checked, done, muted, missing = ask(
        in_app,
        token_of("ada", Scope.WRITE, tmp_path),
        ("find_names", {}),
        ("find_names", {"state": "invalid", "search": "bob"}),
        ("ending_until", {"day": ENDS.date().isoformat()}),
        ("explain", item),
        ("incidents", {}),
        ("check_now", item),
        ("acknowledge", item),
        ("mute", item | {"until": "2027-01-01"}),
        ("explain", {"kind": "domain", "id": 999}),
    )
    assert tools == {
        *("find_names", "ending_until", "explain", "incidents"),
        *("check_now", "acknowledge", "mute"),
    }
    assert all_.structured_content["total"] == 4
    found = red.structured_content["names"]
    assert {(each["kind"], each["name"], each["reason"]) for each in found} == {
        ("service", "bob.example", "refused"),
        ("domain", "bob.example", "refused"),
    }
    assert len(ending.structured_content["names"]) == 4
    assert why.structured_content["what_to_do"]
    assert open_.structured_content == {"total": 0, "incidents": []}
    assert checked.structured_content["checked_at"] is not None
    assert (done.is_error, muted.is_error) == (False, False)
    assert "no such item" in missing.content[0].text
    db.session.rollback()
    assert len(db.session.scalars(select(AlertAct)).all()) == 2


def test_a_token_that_reads_sees_what_its_user_sees_and_changes_nothing(names, in_app, tmp_path):
    file = token_of("alice", Scope.READ, tmp_path)
    _, mine, other, incidents, check = ask(
        in_app,
        file,
        ("find_names", {}),
        ("explain", {"kind": "service", "id": 2}),
        ("incidents", {}),
        ("check_now", {"kind": "service", "id": 1}),
    )
    assert {each["name"] for each in mine.structured_content["names"]} == {"alice.example"}
    for refused, words in (
        (other, "no such item"),
        (incidents, "Only the provider’s own people"),
        (check, "only read"),
    ):
        assert refused.is_error
        assert words in refused.content[0].text
    with writing():
        db.session.delete(db.session.scalars(select(Token)).one())
    _, revoked = ask(in_app, file, ("find_names", {}))
    assert revoked.is_error
    assert "was revoked" in revoked.content[0].text


def test_a_token_for_metrics_asks_nothing(in_app):
    ada = db.session.scalars(select(User).filter_by(email="ada@example.com")).one()
    secret = tokens.create(ada, ada, "Prometheus", Scope.METRICS, None, NOW)
    with pytest.raises(ToolError, match="for metrics only"):
        anyio.run(mcp_tools.server(in_app, secret).call_tool, "find_names", {})
