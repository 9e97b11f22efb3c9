"""Lines and objects of Partner Center, in the names and forms of Microsoft's pages."""

import csv
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

TENANT = "bbbbcccc-1111-dddd-2222-eeee3333ffff"
LICENSE, AZURE = "9d7d1f3d-c8de-461c-db6d-91debd5129f0", "5f6e6521-6e5f-4b0b-80aa-bd44"

# what Microsoft documents, in its order; see the README of the folder `data`
_PROPERTIES = Path(__file__).parents[1] / "data/partner_center/properties.json"
DOCUMENTED: dict[str, list[str]] = json.loads(_PROPERTIES.read_text("utf-8"))
INVOICE_COLUMNS, USAGE_COLUMNS = DOCUMENTED["license_line"], DOCUMENTED["usage_line"]


def license_line(
    charge: str, day: str, quantity: float, **other: object
) -> dict[str, Any]:
    """A line of a yearly term from 1 May 2026, charged for June at 14.40 a licence."""
    price = str(other.get("EffectiveUnitPrice", "14.4"))
    return {
        "CustomerId": TENANT,
        "CustomerCountry": "DE",
        "InvoiceNumber": "G000000001",
        "OrderDate": day,
        "SkuName": "Power BI Premium Per User",
        "ChargeType": charge,
        "UnitPrice": "16",
        "Quantity": quantity,
        "Subtotal": round(float(price.lstrip("'")) * quantity, 2),
        "Currency": "EUR",
        "SubscriptionId": LICENSE,
        "ChargeStartDate": "6/1/2026",
        "ChargeEndDate": "6/30/2026",
        "TermAndBillingCycle": "One-Year commitment for monthly/yearly billing",
        "EffectiveUnitPrice": price,
        "BillableQuantity": quantity,
        "PCToBCExchangeRate": 1,
        "SubscriptionStartDate": "5/1/2026",
        "SubscriptionEndDate": "4/30/2027",
        "ProductQualifiers": "[]",
    } | other


def usage_line(day: str, cost: object, **other: object) -> dict[str, Any]:
    """A line of daily rated usage in the month of its day, billed."""
    return {
        "CustomerId": TENANT,
        "CustomerCountry": "DE",
        "InvoiceNumber": "G000000001",
        "SubscriptionId": "307628f1-d9d2-f09c-ea1f-4183f0cae308",
        "ChargeStartDate": f"{day[:7]}-01T00:00:00Z",
        "UsageDate": f"{day}T00:00:00Z",
        "MeterId": "505db374-df8a-44df-9d8c-13c14b61dee1",
        "ResourceURI": "/subscriptions/5f6e6521/virtualMachines/one",
        "ChargeType": "new",
        "Quantity": 24.0,
        "BillingPreTaxTotal": cost,
        "BillingCurrency": "EUR",
        "EntitlementId": AZURE,
    } | other


def security_alert(**other: object) -> dict[str, Any]:
    """An alert as Microsoft Graph answers; there `isTest` is text in the example."""
    return {
        "id": "d8b202fc",
        "alertType": "networkConnectionsToCryptoMiningPools",
        "status": "active",
        "severity": "high",
        "confidenceLevel": "medium",
        "customerTenantId": TENANT,
        "subscriptionId": AZURE,
        "detectedDateTime": "2026-06-10T16:03:33.05Z",
        "resolvedReason": None,
        "resolvedOnDateTime": None,
        "isTest": "false",
        "activityLogs": [],
    } | other


def fraud_event(**other: object) -> dict[str, Any]:
    """A fraud event: no zone, a log that is text, and year 9999 for not resolved."""
    return {
        "eventTime": "2026-06-10T00:25:45.69",
        "eventId": "2a7064fb_2edeb5b1",
        "customerTenantId": TENANT,
        "subscriptionId": AZURE,
        "hitCount": "10",
        "eventStatus": "Active",
        "resolvedReason": "None",
        "resolvedOn": "9999-12-31T23:59:59.9970000",
        "eventType": "UsageAnomalyDetection",
        "severity": "Medium",
        "confidenceLevel": "high",
        "IsTest": "false",
        "activityLogs": "[]",
    } | other


def subscription(**other: object) -> dict[str, Any]:
    """A licence of the API, bought on 1 May 2026 for a year."""
    number = str(other.get("id", LICENSE))
    return {
        "id": number,
        "offerName": "Microsoft 365 Business Premium",
        "quantity": 25,
        "creationDate": "2026-05-01T09:00:00Z",
        "effectiveStartDate": "2026-05-01T00:00:00Z",
        "commitmentEndDate": "2027-04-30T00:00:00Z",
        "cancellationAllowedUntilDate": "2026-05-08T23:59:00Z",
        "status": "active",
        "autoRenewEnabled": True,
        "isTrial": False,
        "billingType": "license",
        "termDuration": "P1Y",
        "links": {"self": {"uri": f"/customers/{TENANT}/subscriptions/{number}"}},
        "attributes": {"objectType": "Subscription"},
    } | other


def audit(operation: str, moment: str, **other: object) -> dict[str, Any]:
    return {
        "id": f"{operation}_{moment}",
        "customerId": TENANT,
        "userPrincipalName": "admin@partner.example",
        "resourceType": "customer_user",
        "operationType": operation,
        "operationDate": moment,
        "operationStatus": "succeeded",
    } | other


def status_change(before: str, after: str, moment: str) -> dict[str, Any]:
    """An audit record of a subscription whose state changed; the states are in text."""
    values = {
        f"resource{which}Value": json.dumps({"Id": LICENSE.upper(), "Status": status})
        for which, status in (("Old", before), ("New", after))
    }
    return audit("update_subscription", moment, resourceType="subscription", **values)


def page(*items: Mapping[str, Any], of: str = "") -> dict[str, Any]:
    """A page of the Partner Center API."""
    links = {"self": {"uri": f"/{of}?size=500", "method": "GET"}}
    return {"totalCount": len(items), "items": list(items), "links": links}


def write_csv(
    file: Path,
    columns: Sequence[str],
    lines: Sequence[Mapping[str, Any]],
    mark: str = "\ufeff",
) -> Path:
    """As the portal writes it: a byte order mark, and lines that end with CR LF."""
    unknown = {name for line in lines for name in line} - set(columns)
    assert not unknown, f"not documented: {unknown}"
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(lines)
    content = (mark + text.getvalue()).encode("utf-8")
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)
    return file


def write_json(file: Path, content: object, mark: str = "") -> Path:
    file.write_text(mark + json.dumps(content, indent=1), encoding="utf-8")
    return file


def write_lines(file: Path, lines: Sequence[Mapping[str, Any]]) -> Path:
    """As an export of billing data writes it: JSON lines, gzip in several members."""
    members = [gzip.compress(f"{json.dumps(line)}\n".encode()) for line in lines]
    file.write_bytes(b"".join(members))
    return file
