"""What the processes of these tests run: the topology with toys for systems."""

from __future__ import annotations

import os
import sys

from runtime.settings import settings_from_environment
from services import topology
from tests import toy
from topology.rule_limit import LIMIT_S, RULES
from topology.worker import Patience


def main() -> None:
    """Run the hops named as arguments; `TOY_PATIENCE_S` is how long an answer is waited for and a batch is retried, `TOY_RULE_S` how long a
    rule may compute."""
    toy.install()
    patience_s = float(os.environ.get("TOY_PATIENCE_S", "30"))
    RULES.limit_s = float(os.environ.get("TOY_RULE_S", LIMIT_S))
    sys.exit(topology.run(settings_from_environment(), sys.argv[1:], patience=Patience(patience_s, patience_s)))
