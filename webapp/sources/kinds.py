"""Which kinds of sources there are, and the class that reads each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from webapp.sources.csv_address import CsvAddress
from webapp.sources.fossbilling import Fossbilling
from webapp.sources.panel import Panel
from webapp.sources.paymenter import Paymenter
from webapp.sources.whmcs import Whmcs

PANELS: Mapping[str, type[Panel] | type[CsvAddress]] = MappingProxyType(
    {"whmcs": Whmcs, "fossbilling": Fossbilling, "paymenter": Paymenter, "csv": CsvAddress}
)
SOURCE_KINDS = tuple(PANELS)
