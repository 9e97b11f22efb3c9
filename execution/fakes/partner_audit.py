"""Partner Center's audit records on this machine: pages of two, the latest first."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from execution.fakes.server import Headers, Json

PAGE = 2
SPAN = timedelta(days=30)
ADMIN = "admin@reseller.example"


@dataclass
class FakeAuditRecords:
    """What was changed, by whom, in the form of the documentation.

    Args:
        records: in the order they were made.
        n_pages: that were asked for.
        spans: of the questions, from when until when.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    n_pages: int = 0
    spans: list[tuple[datetime, datetime]] = field(default_factory=list)

    def note(
        self, customer_id: str, resource: dict[str, Any], request_id: str | None
    ) -> None:
        """A subscription was changed."""
        self.records.append(
            {
                "partnerId": "p",
                "customerId": customer_id,
                "userPrincipalName": ADMIN,
                "applicationId": "",
                "resourceType": "subscription",
                "resourceNewValue": json.dumps(resource),
                "operationType": "update_subscription",
                "originalCorrelationId": request_id or "",
                "operationDate": datetime.now(UTC).isoformat(),
                "operationStatus": "succeeded",
                "attributes": {"objectType": "AuditRecord"},
            }
        )

    def answer(self, path: str, headers: Headers) -> tuple[int, Json] | None:
        """Status and body; None: it is about something else."""
        split = urlsplit(path)
        if split.path != "/v1/auditrecords":
            return None
        self.n_pages += 1
        query = parse_qs(split.query)
        state: dict[str, Any] = {"start": 0, "customer": ""}
        if query.get("seekOperation") == ["Next"]:
            state = json.loads(headers.get("MS-ContinuationToken") or "{}")
        elif "startDate" not in query:
            return 400, {"code": "2000", "description": "startDate is missing."}
        else:
            begin, end = (_moment(query[name]) for name in ("startDate", "endDate"))
            self.spans.append((begin, end))
            if end - begin > SPAN:
                return 400, {"code": "2000", "description": "More than 30 days."}
            state["customer"] = json.loads(query["filter"][0])["Value"]
            state |= {"begin": begin.isoformat(), "end": end.isoformat()}
        start = int(state["start"])
        mine = [r for r in self.records if _is_meant(r, state)][::-1]
        body: dict[str, Any] = {"items": mine[start : start + PAGE], "links": {}}
        if start + PAGE < len(mine):
            token = json.dumps({**state, "start": start + PAGE})
            body["links"]["next"] = {
                "uri": "/auditrecords?seekOperation=Next",
                "method": "GET",
                "headers": [{"key": "MS-ContinuationToken", "value": token}],
            }
        return 200, body


def _moment(values: list[str]) -> datetime:
    return datetime.fromisoformat(values[0])


def _is_meant(record: dict[str, Any], state: dict[str, Any]) -> bool:
    """Of the customer; days count as a whole, as dates do."""
    if record["customerId"] != state["customer"]:
        return False
    if record["operationDate"] is None:
        return True
    day = datetime.fromisoformat(record["operationDate"]).date()
    begin, end = (datetime.fromisoformat(state[n]).date() for n in ("begin", "end"))
    return begin <= day <= end
