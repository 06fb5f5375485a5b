"""The age of libraries, as far as their versions tell it: nothing is requested."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType

# Until when the OpenSSL project supports a branch:
# https://openssl-library.org/policies/releasestrat/
OPENSSL_SUPPORTED_UNTIL: Mapping[str, date] = MappingProxyType(
    {
        "1.1": date(2023, 9, 11),
        "3.0": date(2026, 9, 7),
        "3.1": date(2025, 3, 14),
        "3.2": date(2025, 11, 23),
        "3.3": date(2026, 4, 9),
        "3.4": date(2026, 10, 22),
        "3.5": date(2030, 4, 8),
        "3.6": date(2026, 11, 26),
        "4.0": date(2027, 5, 14),
    }
)
# When a major version came out: https://cryptography.io/en/latest/changelog/. Later ones are newer
# than this table.
CRYPTOGRAPHY_RELEASED: Mapping[int, date] = MappingProxyType(
    {
        41: date(2023, 5, 30),
        42: date(2024, 1, 22),
        43: date(2024, 7, 20),
        44: date(2024, 11, 27),
        45: date(2025, 5, 17),
        46: date(2025, 9, 16),
    }
)


def supported_until(name: str, version: str) -> date | None:
    """The day until which its makers support this branch, where that is known: of OpenSSL."""
    branch = re.match(r"OpenSSL (\d+\.\d+)", version)
    return OPENSSL_SUPPORTED_UNTIL.get(branch[1]) if branch and name == "OpenSSL" else None


def released(name: str, version: str) -> date | None:
    """The day on which this version came out, or the last on which it can have; None where its
    number does not say."""
    major = int(version.partition(".")[0]) if version.partition(".")[0].isdigit() else 0
    if name == "OpenSSL":  # it says so itself: "OpenSSL 4.0.3 29 Sep 2026"
        found = re.search(r"\d{1,2} [A-Z][a-z]{2} \d{4}$", version)
        return datetime.strptime(found[0], "%d %b %Y").replace(tzinfo=UTC).date() if found else None
    if name == "certifi":  # it is numbered by the day
        found = re.match(r"(\d{4})\.(\d{1,2})\.(\d{1,2})", version)
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    if name == "pyOpenSSL":  # it is numbered by the year
        return date(2000 + major, 12, 31) if 0 < major < 100 else None
    return CRYPTOGRAPHY_RELEASED.get(major)
