"""The secret key: from its setting, else from a file of the instance folder."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from webapp.config.setting import BadSetting

log = logging.getLogger(__name__)


def secret(text: str) -> str:
    if text and len(text) < 32:
        raise ValueError("it must have at least 32 characters, or be empty")
    return text


def kept_secret(path: Path) -> str:
    """The secret in this file; made with owner-only rights where there is none yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        return _secret_in(path)
    except FileNotFoundError:
        # Two processes may start at once: each writes a file of its own, and the link that comes
        # first is the secret.
        fresh.touch(0o600)
        fresh.write_text(secrets.token_hex(32))
        try:
            path.hardlink_to(fresh)
        except FileExistsError:
            log.info("another process made %s first", path)
        finally:
            fresh.unlink()
        return _secret_in(path)


def _secret_in(path: Path) -> str:
    text = path.read_text().strip()
    if len(text) < 32:
        raise BadSetting(
            f"{path} contains no secret of at least 32 characters: delete the file, and a new one"
            " is made."
        )
    return text
