"""The applications of a payment are a set of their own beside its documents, and each is a part with a fingerprint of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from systems.mapped import APPLY, COMPLETION, NOTHING, UNAPPLIED, Draft
from topology.rules.envelope import source_hash, with_parts

RECEIPT = Draft("ar_receipt", {}, "A3", "collection")


def _apply(part: str) -> Draft:
    return Draft("ar_application", {}, "A3", "collection", action=APPLY, part=part, parted=True)


def _empty(action: str) -> Draft:
    return Draft(COMPLETION, {}, "A3", "collection", action=action, parted=True)


def _told(*drafts: Draft) -> dict[tuple[str, str], Any]:
    made = [
        (draft, {"purpose": "collection", "source_id": "5", "payload_hash": f"p{draft.part}", "parts": None}) for draft in drafts
    ]
    return {(draft.action, draft.part): value["parts"] for draft, value in with_parts(made)}


def test_every_application_carries_the_set_of_all_and_the_receipt_none() -> None:
    applications = {"77": "p77", "78": "p78"}
    assert _told(RECEIPT, _apply("77"), _apply("78")) == {
        ("create", ""): None,
        (APPLY, "77"): applications,
        (APPLY, "78"): applications,
    }


def test_an_empty_set_of_applications_says_nothing_of_the_documents() -> None:
    voucher = Draft("ap_bill", {}, "A3", "collection", part="V", parted=True)
    assert _told(voucher, _empty(UNAPPLIED)) == {("create", "V"): {"V": "pV"}, (UNAPPLIED, ""): {}}
    assert _told(_apply("77"), _empty(NOTHING)) == {(APPLY, "77"): {"77": "p77"}, (NOTHING, ""): {}}


def test_the_fingerprint_of_an_application_is_of_its_own_lines_alone() -> None:
    def record(second: str, fingerprint: str) -> dict[str, Any]:
        made = [
            {"application_id": one, "document_id": "9", "document_number": "N", "amount": Decimal(amount), "applied_on": None}
            for one, amount in (("77", "10.00"), ("78", second))
        ]
        return {"fingerprint": fingerprint, "content_hash": fingerprint, "applications": made}

    before, after = record("5.00", "f1"), record("6.00", "f2")
    assert source_hash(before, _apply("77")) == source_hash(after, _apply("77"))
    assert source_hash(before, _apply("78")) != source_hash(after, _apply("78"))
    assert source_hash(before, RECEIPT) != source_hash(after, RECEIPT)
