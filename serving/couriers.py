"""A courier for each endpoint, and a watch over the outbox."""

import asyncio
import logging
from collections.abc import Sequence

import httpx

from serving.async_outbox import AsyncOutbox
from serving.courier import TIMEOUT_S, Courier
from serving.metrics import Metrics
from serving.outbox_watch import OutboxWatch
from serving.webhook_endpoint import WebhookEndpoint
from store.outbox import Outbox


async def run_couriers(
    outbox: Outbox,
    endpoints: Sequence[WebhookEndpoint],
    metrics: Metrics,
    stop: asyncio.Event,
) -> None:
    """Deliver until `stop`; what is under way then is finished, and `outbox` closed."""
    # its lines name the address, which may hold a token
    logging.getLogger("httpx").setLevel(logging.WARNING)
    thread = AsyncOutbox(outbox)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S) as client:
            couriers = [Courier(thread, one, metrics) for one in endpoints]
            watch = OutboxWatch(thread, [one.name for one in endpoints], metrics)
            await asyncio.gather(
                watch.run(stop), *(one.run(client, stop) for one in couriers)
            )
    finally:
        await thread.close()
