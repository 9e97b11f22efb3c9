"""Carries recommendations out at the provider, and reads back what came of it."""

from execution.carry_out import Execution
from execution.errors import ExecutionError
from execution.plan import plan_run, plan_undo
from execution.port import Provider, Subscription
from execution.providers.partner_center import PartnerCenter
from execution.recheck import ServiceRecheck

__all__ = [
    "Execution",
    "ExecutionError",
    "PartnerCenter",
    "Provider",
    "ServiceRecheck",
    "Subscription",
    "plan_run",
    "plan_undo",
]
