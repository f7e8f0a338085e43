"""The declaration of ServiceTitan: what is read of it. Nothing is written to it in these flows; flows are declared by the ERPs."""

from __future__ import annotations

from systems.contract import System
from systems.servicetitan.check import open_checker
from systems.servicetitan.mapping import SYSTEM as NAME
from systems.servicetitan.mapping import to_canonical, to_commands
from systems.servicetitan.poller import open_reader
from systems.servicetitan.resources import FEEDS, FETCHABLE
from systems.servicetitan.settings import Credentials, Settings
from systems.servicetitan.webhook import signing

SYSTEM = System(
    name=NAME,
    title="ServiceTitan",
    settings=Settings,
    credentials=Credentials,
    feeds=FEEDS,
    fetchable=FETCHABLE,
    writes=(),
    flows=(),
    to_canonical=to_canonical,
    to_commands=to_commands,
    open_reader=open_reader,
    open_writer=None,
    open_checker=open_checker,
    simulator="systems.servicetitan.simulator.app",
    demo="systems.servicetitan.demo",
    signing=signing,
)
