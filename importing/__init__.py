"""Other systems' exports into a portfolio, one package or module per source."""

from importing.bank import BANK
from importing.chargebee import CHARGEBEE
from importing.erpnext import ERPNEXT
from importing.errors import ImportingError
from importing.killbill import KILLBILL
from importing.lago import LAGO
from importing.odoo import ODOO
from importing.partner_center import PARTNER_CENTER
from importing.report import ImportReport
from importing.run import import_files
from importing.source import Source
from importing.stripe import STRIPE
from importing.underway import ImportSettings
from importing.whmcs import WHMCS

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        STRIPE,
        KILLBILL,
        LAGO,
        PARTNER_CENTER,
        CHARGEBEE,
        WHMCS,
        ERPNEXT,
        ODOO,
        BANK,
    )
}

__all__ = [
    "SOURCES",
    "ImportReport",
    "ImportSettings",
    "ImportingError",
    "Source",
    "import_files",
]
