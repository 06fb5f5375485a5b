"""The command line: `flask mcp`."""

from __future__ import annotations

from typing import TextIO

import click
from flask import Flask, current_app


@click.command("mcp")
@click.option(
    "--token-file",
    type=click.File(),
    required=True,
    help="A file that has an API token in it, and nothing else.",
)
def mcp(token_file: TextIO) -> None:
    """Answer an assistant on standard input and output, by the Model Context Protocol.

    It sees what the user of the token sees. With a token of the scope write it can also check,
    acknowledge and mute.
    """
    from webapp.cli import mcp_tools  # takes a while, which no other command has to wait for

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    mcp_tools.server(app, token_file.read().strip()).run("stdio")
