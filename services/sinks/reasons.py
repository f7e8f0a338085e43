"""Why a command waits, is held or has ended: the closed list of names that ledger, results and console use.

A mapping's rule (`Draft.hold`) and a system's own table of answers may add names of their own; those are holds, too.
"""

from __future__ import annotations

from typing import Final

# --- waiting: goes on by itself -------------------------------------------------------------------------------------
PARENT: Final = "parent"
WINDOW: Final = "window"
SYSTEM_DOWN: Final = "system_down"
THROTTLED: Final = "throttled"
CREDENTIALS: Final = "credentials"
SETTLE: Final = "settle"
DUPLICATE: Final = "duplicate"
ERP_BATCH: Final = "erp_batch"
NOT_SHOWN: Final = "not_shown"
CEILING: Final = "ceiling"
PAUSED: Final = "paused"
OBSERVE: Final = "observe"
SHADOW: Final = "shadow"

# --- held: a person decides -----------------------------------------------------------------------------------------
UNMAPPED: Final = "unmapped"
UNKNOWN: Final = "unknown"
MISMATCH: Final = "mismatch"
SUSPECT: Final = "suspect"
DUPLICATE_IN_ERP: Final = "duplicate_in_erp"
DUPLICATE_UNFINDABLE: Final = "duplicate_unfindable"
MISSING_IN_ERP: Final = "missing_in_erp"
ERP_BATCH_LATE: Final = "erp_batch_late"
PARENT_MISSING: Final = "parent_missing"
PARENT_REVERSED: Final = "parent_reversed"
BEFORE_CUTOVER: Final = "before_cutover"
CREATE_MISSING: Final = "create_missing"
CHANGED_AFTER_POST: Final = "changed_after_post"
PART_AFTER_POST: Final = "part_after_post"
OTHER_PURPOSE: Final = "other_purpose"
UNPOSTED: Final = "unposted"
VOID_NOT_BUILT: Final = "void_not_built"
ORIGINAL_LOST: Final = "original_lost"
NOT_BUILT: Final = "not_built"
PERIOD_CLOSED: Final = "period_closed"
REFUSED: Final = "refused"
UNREADABLE: Final = "unreadable"
TOO_LARGE: Final = "too_large"
SLOW_LOOK_UP: Final = "slow_look_up"
DEFECT: Final = "defect"

# --- ended ----------------------------------------------------------------------------------------------------------
NEVER_POSTED: Final = "never_posted"
VOIDED: Final = "voided"
SKIPPED: Final = "skipped"
LINKED: Final = "linked"
MILESTONE: Final = "milestone"
REVERTED: Final = "reverted"
MADE_NO_MORE: Final = "made_no_more"
TAKEN_BACK: Final = "taken_back"

WAITING: Final = {
    PARENT: "what it belongs to is not in the system yet",
    WINDOW: "its posting window opens later",
    SYSTEM_DOWN: "the system did not take it and certainly did not do it",
    THROTTLED: "the system asked for a pause",
    CREDENTIALS: "the system refused our credentials or permissions",
    SETTLE: "an answer was lost: it is looked up when the system can no longer change its mind",
    DUPLICATE: "the system says that it has our ref, and its look-up does not show it yet",
    ERP_BATCH: "the system's own batch (edit, build, post) has not come to it yet; it is looked at again",
    NOT_SHOWN: "the system does not show at present what it showed before; it is looked at again",
    CEILING: "the connection's ceiling of an hour is reached; a person is asked",
    PAUSED: "a person, or too many refusals, paused the connection",
    OBSERVE: "the flow only observes",
    SHADOW: "the flow is in shadow: everything but the write was done",
}
HELD: Final = {
    UNMAPPED: "a value has no row in the crosswalk",
    UNKNOWN: "whether the system did it cannot be told",
    MISMATCH: "the document in the system differs from the one wanted",
    SUSPECT: "a document of same party, date and amount without our ref is there",
    DUPLICATE_IN_ERP: "the system keeps more than one document with our ref",
    DUPLICATE_UNFINDABLE: "the system says that our ref exists and does not show it",
    MISSING_IN_ERP: "a document that we wrote is no longer found",
    ERP_BATCH_LATE: "the system's own batch has not come to it in time; it is still looked at",
    PARENT_MISSING: "what it belongs to did not come in time, or has explicitly no partner",
    PARENT_REVERSED: "what it belongs to was reversed in the system, and nothing stands in its place",
    BEFORE_CUTOVER: "it settles a document before the cut-over, which is never commanded",
    CREATE_MISSING: "it has no partner yet, and creating is not allowed",
    CHANGED_AFTER_POST: "the source changed after the document was written",
    PART_AFTER_POST: "another part of its document was written, and not as this part's set has it",
    OTHER_PURPOSE: "its source was written for another purpose already, under another profile",
    UNPOSTED: "it was posted in the source and is no longer",
    VOID_NOT_BUILT: "the source was voided after the document was written",
    ORIGINAL_LOST: "the command from which the document was written cannot be read any more: a person takes it back",
    NOT_BUILT: "the system has no such write",
    PERIOD_CLOSED: "the period of its posting date is closed",
    REFUSED: "the system refused it, in its own words",
    UNREADABLE: "its command cannot be read",
    TOO_LARGE: "its command is too large for the ledger; its bytes stay in the command topic",
    SLOW_LOOK_UP: "its look-up takes longer than the lease allows",
    DEFECT: "its attempts fail for a reason that the connector does not know",
}
ENDED: Final = {
    NEVER_POSTED: "what it reverses was never written",
    VOIDED: "voided at the source before it was written",
    SKIPPED: "a person skipped it",
    LINKED: "its partner is known by a link",
    MILESTONE: "a milestone: nothing is written",
    REVERTED: "the source went back to what is posted",
    TAKEN_BACK: "what it takes back is taken back already",
    MADE_NO_MORE: "the source makes it no more: nothing is left of its amount, it lies before the cut-over, or it has no such part",
}

FINAL_HOLDS: Final = frozenset({CHANGED_AFTER_POST, VOID_NOT_BUILT, NOT_BUILT, UNREADABLE, TOO_LARGE})
"""Holds that a release cannot lift, because nothing is built that could go on."""

FOR_A_PERSON: Final = frozenset({REFUSED, DEFECT, ORIGINAL_LOST})
"""Reasons why a call cannot be made that no waiting removes: the command's own content, or an unknown error."""
