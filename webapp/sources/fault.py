"""Why a source could not be read to its end, as a value."""

from __future__ import annotations


class Fault(Exception):
    """The run stops here, and nothing is written. `code` is a key of `words.sources.FAULTS`,
    `parameters` what goes into its sentence: nothing of them may be secret."""

    def __init__(self, code: str, **parameters: str | int | list[str]) -> None:
        super().__init__(code)
        self.code = code
        self.parameters = parameters
