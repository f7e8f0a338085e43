"""What the source wants: customers, their invoices, payments of these, and bills whose lines belong to vendors; version after version, as
hop 2 tells them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from services.sinks import reasons
from systems.mapped import APPLY, COMPLETION, NOTHING, REVERSAL, UNAPPLIED
from tests.property.sinks.campaign.memory import value_of
from tests.toy import SOURCE, TARGET, blank
from topology.headers import HOLD, OP_KEY, PARTED, PAYLOAD_HASH, SOURCE_HASH
from topology.rules.identity import ref_of

Command = tuple[str, dict[str, Any]]
"""Record name and content."""
WORTH = {"a": Decimal(1), "b": Decimal(20), "c": Decimal(300), "d": Decimal(4000)}
VENDORS = ("V", "W", "X", "")
_ENTITY = {
    "customer": "customer", "invoice": "invoice", "payment": "payment", "bill": "bill", "set": "credit_memo", "settling": "payment",
}  # fmt: skip
_PURPOSE = {
    "customer": "master", "invoice": "sale", "payment": "collection", "bill": "payable", "set": "collection", "settling": "collection",
}  # fmt: skip
_RECORD = {
    "customer": "customer", "invoice": "ar_invoice", "payment": "customer_payment", "bill": "ap_bill", "settling": "customer_payment",
}  # fmt: skip
_BLANK = blank("command.ar_invoice") | {
    "currency": "USD", "posting_date": None, "canonical": None, "source_system": SOURCE, "system": TARGET,
    "config_version": "v1", "crosswalk_version": "x1", "description": "",
}  # fmt: skip


@dataclass(eq=False)
class Doc:
    """One source object. `amount` is what its newest version wants (of a bill or a set of applications `worth`); `told` what was emitted, newest
    last; `day` its posting date. A `settling` one is a payment of `amount` whose applications are `worth`, each to the document `settles`."""

    kind: str
    connection: str
    source_id: str
    kept_up: bool = False
    parents: list[dict[str, Any]] = field(default_factory=list)
    version: int = 0
    amount: Decimal = Decimal(0)
    content: str = ""
    state: str = "none"
    """plain, void, zero or unposted."""
    is_mapped: bool = True
    void_hold: str = reasons.VOID_NOT_BUILT
    """What the mapping holds its void by; "" where the system takes documents back."""
    worth: dict[str, Decimal] = field(default_factory=dict)
    vendors: dict[str, str] = field(default_factory=dict)
    size: int = 1
    changes: int = 0
    sets: set[str] = field(default_factory=set)
    day: date | None = None
    settles: dict[str, Any] = field(default_factory=dict)

    @property
    def entity(self) -> str:
        return _ENTITY[self.kind]

    @property
    def purpose(self) -> str:
        return _PURPOSE[self.kind]

    @property
    def head(self) -> str:
        """The beginning of all of its op-keys."""
        return f"test:t1|{TARGET}:i1:{self.connection}|{self.purpose}|{self.entity}:{self.source_id}|"

    def op_key(self, part: str = "", action: str = "") -> str:
        return f"{self.head}{part}|{action or self.action}"

    @property
    def action(self) -> str:
        return "upsert" if self.kept_up else "create"

    @property
    def name(self) -> str:
        return f"{self.entity}/{self.source_id}"

    @property
    def wanted(self) -> Decimal:
        """What the newest version wants to have been written, or be held."""
        if self.state in ("void", "zero", "unposted", "none"):
            return Decimal(0)
        return sum(self.worth.values(), Decimal(0)) if self.kind in ("bill", "set") else self.amount

    @property
    def applied(self) -> Decimal:
        """What the applications of the newest version of a `settling` document come to."""
        return sum(self.worth.values(), Decimal(0)) if self.state == "plain" else Decimal(0)

    # --- versions ---

    def changes_to(self, state: str, amount: Decimal | None = None) -> None:
        """The next version."""
        self.version += 1
        self.changes += 1
        self.state = state
        if amount is not None:
            self.amount = amount
        self.content = f"c{self.amount}"

    def moves(self, draw: random.Random) -> None:
        """A bill's lines go to other vendors, or are worth something else; sometimes only its mapping changes."""
        self.state = "plain"
        if not self.worth:
            self.worth = dict(WORTH)
            self.vendors = {line: draw.choice(VENDORS[:3]) for line in self.worth}
            self.version = 1
            return
        kind = draw.random()
        if kind < 0.6:
            for line in draw.sample(sorted(self.vendors), draw.randint(0, 2)):
                self.vendors[line] = draw.choice(VENDORS)
            if draw.random() < 0.5:
                return
        elif kind < 0.7:
            self.worth = dict.fromkeys(self.worth, Decimal(0))
        elif kind < 0.8:
            self.worth = dict(WORTH)
        else:
            line = draw.choice(sorted(self.worth))
            self.worth[line] = WORTH[line] * draw.choice((0, 1, 1, 2))
        self.version += 1

    def applies(self, draw: random.Random) -> None:
        """The applications of a credit memo: one comes, goes, or gets another amount."""
        self.state, self.version = "plain", self.version + 1
        part = draw.choice(("a", "b", "c"))
        worth = dict(self.worth) if draw.random() > 0.1 else {}
        if part in worth and draw.random() < 0.5:
            del worth[part]
        else:
            worth[part] = WORTH[part] * draw.choice((1, 1, 2))
        self.worth = worth

    def settles_anew(self, draw: random.Random) -> str:
        """A payment with applications: it is voided, or counts again; or one of its applications comes, goes or changes. Returns what happened."""
        kind = draw.random()
        if self.state == "void" and kind < 0.8:
            self.changes_to("plain")
            return "came_back"
        if self.state == "plain" and kind < 0.5:
            self.changes_to("void")
            return "void"
        self.changes += 1
        self.applies(draw)
        return "applied"

    # --- as hop 2 tells them ---

    def commands(self, settings: int) -> list[Command]:
        """The newest version, mapped under these settings."""
        if self.kind == "bill":
            return self._bill(settings)
        if self.kind == "set":
            return self._set(settings)
        if self.kind == "settling" and self.state == "plain":
            return [(_RECORD[self.kind], self._command("", self.action, self.amount, settings)), *self._set(settings)]
        if self.state == "zero":
            return [(COMPLETION, self._nothing(settings))]
        if self.state == "void":
            about = {
                "hold": self.void_hold,
                "hold_detail": "the document was voided" if self.void_hold else "",
                "reverses": self.op_key(),
            }
            return [(REVERSAL, self._command("", "void", self.amount, settings) | about)]
        made = self._command("", self.action, self.amount, settings)
        if self.kind == "customer":
            made["amount"] = Decimal(0)
        if self.state == "unposted":
            made |= {"hold": reasons.UNPOSTED, "hold_detail": "it was posted in the source and is no longer"}
        if not self.is_mapped:
            made |= {"unresolved": ["business_unit=x"], "payload_hash": f"{made['payload_hash']}?"}
        if not self.is_mapped or self.state == "unposted":
            made["canonical"] = value_of(f"canonical.{self.entity}", {"source": self.name, "connection": self.connection})
        return [(_RECORD[self.kind], made)]

    def _command(self, part: str, action: str, amount: Decimal, settings: int) -> dict[str, Any]:
        key = self.op_key(part, action)
        return {
            **_BLANK,
            "connection": self.connection,
            "op_key": key,
            "ref": ref_of(key),
            "purpose": self.purpose,
            "action": action,
            "source_entity": self.entity,
            "source_id": self.source_id,
            "source_version": f"{self.version:03d}",
            "source_number": self.source_id,
            "part": part,
            "parts": None,
            "source_hash": f"h{self.content}",
            "payload_hash": f"p{self.content}",
            "amount": amount,
            "parents": self.parents,
            "posting_date": self.day,
            "description": self.content,
            "config_version": f"v{settings}",
            "crosswalk_version": f"x{settings}",
        }

    def _nothing(self, settings: int) -> dict[str, Any]:
        about = {"parts": {}, "reached": "nothing", "source_hash": "h0", "payload_hash": "p0"}
        return self._command("", NOTHING, Decimal(0), settings) | about

    def _set(self, settings: int) -> list[Command]:
        self.sets.add(str(sorted(self.worth.items())))
        if not self.worth:
            return [
                (COMPLETION, self._command("", UNAPPLIED, Decimal(0), settings) | {"parts": {}, "reached": "nothing is applied"})
            ]
        parts = {part: f"p{part}={amount}" for part, amount in self.worth.items()}
        made = []
        for part, amount in self.worth.items():
            about: dict[str, Any] = {
                "parts": parts,
                "payload_hash": parts[part],
                "source_hash": parts[part],
                "description": f"{part}={amount}",
            }
            about |= {"parents": [self._own(), self.settles]} if self.kind == "settling" else {}
            made.append(("ar_application", self._command(part, APPLY, amount, settings) | about))
        return made

    def _own(self) -> dict[str, Any]:
        return {"entity": self.entity, "source_id": self.source_id, "role": "payment", "purpose": self.purpose}

    def _bill(self, settings: int) -> list[Command]:
        found: dict[str, dict[str, Decimal]] = {}
        for line, worth in self.worth.items():
            if worth:
                found.setdefault(self.vendors[line], {})[line] = worth
        state = "h" + ",".join(str(worth) for worth in self.worth.values())
        if not found:
            self.sets.add("")
            return [(COMPLETION, self._nothing(settings) | {"source_hash": state})]
        made: list[Command] = []
        for part, lines in found.items():
            told = " ".join(f"{line}={worth}" for line, worth in sorted(lines.items()))
            command = self._command(part, "create", sum(lines.values(), Decimal(0)), settings)
            command |= {"description": told, "payload_hash": f"p{told}", "source_hash": state}
            if "" in found:
                canonical = value_of("canonical.bill", {"source": self.name, "connection": self.connection})
                command |= {"unresolved": ["sku_vendor=x"], "canonical": canonical}
            made.append(("ap_bill", command))
        parts = {command["part"]: command["payload_hash"] for _, command in made}
        self.sets.add(str(sorted(parts.items())))
        for _, command in made:
            command["parts"] = parts
        return made


def headers_of(command: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    """The headers that hop 2 gives a command."""
    made = [
        (OP_KEY, command["op_key"].encode()),
        (SOURCE_HASH, command["source_hash"].encode()),
        (PAYLOAD_HASH, command["payload_hash"].encode()),
        (HOLD, command["hold"].encode()),
    ]
    return made if command["parts"] is None else [*made, (PARTED, b"1")]
