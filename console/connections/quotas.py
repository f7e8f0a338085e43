"""What `plan` and `apply` refuse about quotas: more than an account allows to all of its connections together, or less than a role can use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from console.connections.fitting import SIDES, Misfit
from systems.connection import ConnectionSettings, QuotaShares, Side
from systems.contract import Role

_ROUNDING = 1.000001
Used = tuple[QuotaShares, tuple[Role, ...]]
"""A side's part of an account, and the roles that use it."""


def quota_misfits(new: ConnectionSettings, others: Iterable[ConnectionSettings]) -> Iterator[Misfit]:
    """The misfits of both sides of a connection, together with the connections in force that share their accounts."""
    others = list(others)
    for key in SIDES:
        side: Side = getattr(new, key)
        group = [_used(one, other) for one in others for other in (one.field_service, one.erp) if _is_same_account(other, side)]
        for words in _shares([*group, _used(new, side)]):
            yield Misfit((key, "quota"), f"quota group {side.quota.group} of {side.system}: {words}")
        yield from _of_roles(key, _used(new, side))


def _used(settings: ConnectionSettings, side: Side) -> Used:
    return side.quota, settings.roles_of(side)


def _is_same_account(one: Side, other: Side) -> bool:
    return (one.system, one.quota.group) == (other.system, other.quota.group)


def _of_roles(key: str, used: Used) -> Iterator[Misfit]:
    """A role that is used needs at least one call in the time of the limit; otherwise it would wait forever."""
    quota, roles = used
    for role in roles:
        part = getattr(quota, role.value)
        if quota.calls * part * _ROUNDING < 1:
            words = f"{part:g} of {quota.calls:g} calls in {quota.per_s:g} s is less than one call"
            yield Misfit((key, "quota", role.value), f"{words}: raise it, or give the limit over a longer time (calls, per_s)")


def _shares(group: Sequence[Used]) -> Iterator[str]:
    """What is wrong with the shares of one account."""
    quotas = [quota for quota, _ in group]
    limit = min(quota.calls / quota.per_s for quota in quotas)
    used = sum(quota.calls / quota.per_s * (quota.poller + quota.sink + quota.check) for quota in quotas)
    kept = max(quota.kept for quota in quotas) * limit
    if used + kept > limit * _ROUNDING:
        words = f"these connections may call {_rate(used + kept)} times a second; the account allows {_rate(limit)}"
        yield f"{words}: lower their shares under quota"
    at_once = min(quota.at_once for quota in quotas)
    taken = sum(quota.share(role).at_once for quota, roles in group for role in roles)
    if taken > at_once and used + kept <= limit * _ROUNDING:  # otherwise lower shares are requested already
        words = (
            f"{sum(len(roles) for _, roles in group)} role(s) of {len(group)} connection(s) may make {taken} calls at the same time"
        )
        yield f"{words}, each at least one; the account allows {at_once}: lower their shares, or correct at_once"
    sessions = min(quota.sessions for quota in quotas)
    if sessions < 2 * len(quotas):
        yield (
            f"{sessions} session(s) for poller and sink of {len(quotas)} connection(s); "
            "each role needs its own: raise the licence's sessions or use one account per connection"
        )


def _rate(calls_per_s: float) -> str:
    """`60`, `113.3`, `0.05`: two places if it is less than one call a second."""
    return f"{calls_per_s:,.{1 if calls_per_s >= 1 else 2}f}".removesuffix(".0")
