"""What can be wrong with a source: why it could not be read to its end, and what it cannot be."""

from __future__ import annotations

from webapp.errors import Refused


class Fault(Exception):
    """The run stops here, and nothing is written. `code` is a key of `words.sources.FAULTS`,
    `parameters` what goes into its sentence: nothing of them may be secret."""

    def __init__(self, code: str, **parameters: str | int | list[str]) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = parameters


class BadValue(Refused):
    """What a source cannot have; `field` says of what."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
