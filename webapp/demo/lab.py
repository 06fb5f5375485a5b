"""The TLS lab: one real server per reason of `webapp.probe.finding.Reason`, and more for the fine
print.

    with running(folder) as lab:
        environ = lab.environ()

Every name ends in .lab.example and is reached through PADLOCK_CONNECT_TO only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from webapp.demo import (
    chains,
    connection_faults,
    diagnosis_cases,
    faults,
    fine_print,
    stapling,
)
from webapp.demo.fine_print import LANDING
from webapp.demo.loopback import Address, Case, Lab

__all__ = ["LANDING", "Address", "Case", "Lab", "running"]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Lab]:
    """The whole lab with all its cases, ended when the context ends; `folder` gets the CA
    bundle."""
    with contextlib.closing(Lab(folder)) as lab:
        fine_print.add_to(lab)
        diagnosis_cases.add_to(lab)
        faults.add_to(lab)
        connection_faults.add_to(lab)
        chains.add_to(lab)
        stapling.add_to(lab)
        yield lab
