"""How long things may take to end, in real seconds. Each limit is longer than the one of what it waits for.

    a request under way    ML_CONNECTOR_TIMING__REQUEST_S (100)
    a service              that and 10: nothing new begins, requests under way reach their outcome, the process leaves its group
    `run all`              that and 10: then it kills what has not ended
    a container            150: `stop_grace_period` in docker-compose.yml, `terminationGracePeriodSeconds` in Kubernetes

If no request is under way, a service ends within two seconds. docs/operating.md says the same to operators.
"""

from __future__ import annotations

from runtime.settings import Timing

_STEP_S = 10.0
CONTAINER_S = 150.0
"""The time that a container gets with the settings as shipped."""


def service_s(timing: Timing) -> float:
    """From SIGTERM to the end of a service, at most."""
    return timing.request_s + _STEP_S


def supervisor_s(timing: Timing) -> float:
    """How long `run all` waits for its services before it kills them."""
    return service_s(timing) + _STEP_S
