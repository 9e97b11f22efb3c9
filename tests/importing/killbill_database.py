"""A database with Kill Bill's own tables, and rows as its API would leave them."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg import sql

DDL = (Path(__file__).parent / "data" / "killbill_ddl.sql").read_text("utf-8")
ACCOUNT = str(UUID(int=1001))
WRITTEN_OFF, OVERDUE_ENFORCEMENT_OFF = str(UUID(int=4)), str(UUID(int=3))
BY: dict[str, object] = {"created_by": "test", "updated_by": "test"}


class KillBillDatabase:
    """Every row is checked by the tables' own types and constraints."""

    def __init__(self, url: str) -> None:
        self._db = psycopg.connect(url, autocommit=True)
        self._db.execute(DDL.encode())
        self._numbers = count(5000)

    def put(self, table: str, **values: object) -> str:
        """One row; columns that must be there and do not matter are filled in."""
        values.setdefault("id", str(UUID(int=next(self._numbers))))
        values = {**self._filled(table, values), **values}
        self._db.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )
        return str(values["id"])

    def _filled(self, table: str, values: dict[str, object]) -> dict[str, object]:
        at = values.get("created_date", "2026-01-01")
        usual: dict[str, object] = {
            **BY,
            "created_date": at,
            "updated_date": values.get("updated_date", at),
            "account_record_id": 1,
            "external_key": values["id"],
            "transaction_external_key": values["id"],
            "grp_id": values["id"],
            "migrated": False,
            "currency": "EUR",
            "processed_currency": "EUR",
            "is_active": True,
            "reference_time": at,
            "time_zone": "UTC",
            "payment_date": at,
            "block_change": False,
            "block_billing": False,
            "bundle_start_date": at,
            "category": "BASE",
            "original_created_date": at,
            "effective_date": at,
            "payment_method_id": str(UUID(int=77)),
        }
        names = self._db.execute(
            "SELECT column_name FROM information_schema.columns "
            "WHERE table_name = %s AND table_schema = current_schema()",
            [table],
        ).fetchall()
        return {name: usual[name] for (name,) in names if name in usual}

    def account(self, id_: str = ACCOUNT, **values: object) -> str:
        return self.put("accounts", id=id_, **values)

    def invoice(
        self,
        day: str,
        *items: tuple[str, float],
        account: str = ACCOUNT,
        **values: object,
    ) -> str:
        """A committed invoice with items of (type, amount), all of one run."""
        id_ = self.put(
            "invoices",
            account_id=account,
            invoice_date=day,
            created_date=f"{day} 00:00:05",
            **values,
        )
        for type_, amount in items:
            self.item(id_, type_, amount, f"{day} 00:00:05", account)
        return id_

    def item(
        self, invoice: str, type_: str, amount: float, at: str, account: str = ACCOUNT
    ) -> str:
        return self.put(
            "invoice_items",
            type=type_,
            invoice_id=invoice,
            account_id=account,
            amount=amount,
            created_date=at,
        )

    def payment(
        self,
        invoice: str | None,
        at: str,
        amount: float,
        *,
        status: str = "SUCCESS",
        account: str = ACCOUNT,
    ) -> str:
        """A purchase; gives the id of the payment."""
        payment = self.put("payments", account_id=account, created_date=at)
        self.transaction(payment, "PURCHASE", at, amount, status=status)
        if invoice is not None:
            self.link(payment, invoice, "ATTEMPT", at, amount, status)
        return payment

    def transaction(
        self, payment: str, type_: str, at: str, amount: float, **values: object
    ) -> str:
        status = values.pop("status", "SUCCESS")
        return self.put(
            "payment_transactions",
            payment_id=payment,
            transaction_type=type_,
            transaction_status=status,
            amount=amount,
            created_date=at,
            **values,
        )

    def link(
        self,
        payment: str,
        invoice: str,
        type_: str,
        at: str,
        amount: float,
        status: str,
    ) -> None:
        state = "SUCCESS" if status == "SUCCESS" else "INIT"
        self.put(
            "invoice_payments",
            type=type_,
            invoice_id=invoice,
            payment_id=payment,
            amount=amount,
            created_date=at,
            status=state,
        )

    def tag(self, definition: str, object_id: str, object_type: str, at: str) -> None:
        self.put(
            "tags",
            tag_definition_id=definition,
            object_id=object_id,
            object_type=object_type,
            created_date=at,
        )

    def write_csv(self, folder: Path, tables: Sequence[str]) -> list[Path]:
        """What `COPY … TO STDOUT (FORMAT csv, HEADER)` writes of each table."""
        files = []
        for table in tables:
            query = sql.SQL("COPY {} TO STDOUT (FORMAT csv, HEADER)").format(
                sql.Identifier(table)
            )
            with self._db.cursor().copy(query) as copy:
                content = b"".join(bytes(part) for part in copy)
            files.append(folder / f"{table}.csv")
            files[-1].write_bytes(content)
        return files

    def close(self) -> None:
        self._db.close()
