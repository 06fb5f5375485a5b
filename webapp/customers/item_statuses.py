"""The statuses of services and domains, and which of them are active."""

from __future__ import annotations

from enum import StrEnum


class ServiceStatus(StrEnum):
    PENDING = "Pending"
    ACTIVE = "Active"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    TERMINATED = "Terminated"
    CANCELLED = "Cancelled"
    FRAUD = "Fraud"


class DomainStatus(StrEnum):
    PENDING = "Pending"
    PENDING_REGISTRATION = "Pending Registration"
    PENDING_TRANSFER = "Pending Transfer"
    ACTIVE = "Active"
    GRACE_PERIOD = "Grace Period"
    REDEMPTION_PERIOD = "Redemption Period"
    EXPIRED = "Expired"
    TRANSFERRED_AWAY = "Transferred Away"
    CANCELLED = "Cancelled"
    FRAUD = "Fraud"
    TERMINATED = "Terminated"


ACTIVE_SERVICES = frozenset(
    {ServiceStatus.PENDING, ServiceStatus.ACTIVE, ServiceStatus.SUSPENDED, ServiceStatus.COMPLETED}
)
ACTIVE_DOMAINS = frozenset(
    {
        DomainStatus.PENDING,
        DomainStatus.PENDING_REGISTRATION,
        DomainStatus.PENDING_TRANSFER,
        DomainStatus.ACTIVE,
        DomainStatus.GRACE_PERIOD,
    }
)
