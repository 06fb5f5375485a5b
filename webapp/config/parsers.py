"""Parsers for the values of settings. Each raises ValueError with what the setting takes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 12


def is_port(text: str) -> bool:
    return is_number(text) and 0 < int(text) < 65536


def whole_number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (is_number(text) and least <= int(text) <= most):
            raise ValueError(f"it must be a whole number from {least} to {most}")
        return int(text)

    return parse


def seconds(least: float, most: float) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise ValueError(f"it must be a number of seconds from {least:g} to {most:g}")
        return value

    return parse


def switch(text: str) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "on": True,
        "0": False,
        "false": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in words:
        raise ValueError("it must be on or off")
    return words[text.lower()]


def existing_file(text: str) -> Path | None:
    if not text:
        return None
    try:
        path = Path(text).expanduser().absolute()
        is_there = path.is_file()
    except (OSError, RuntimeError):  # a name that is too long, the home of no user
        is_there = False
    if not is_there:
        raise ValueError("there is no such file")
    return path


def each_of(parse: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    return lambda text: tuple(parse(part.strip()) for part in text.split(",") if part.strip())


def one_of(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"it must be one of {', '.join(words)}")
        return text.lower()

    return parse
