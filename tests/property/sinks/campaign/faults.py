"""The mutants, by what they break: the core, the owner and what is around it; and the thirteen faults that were found in the owner before."""

# ruff: noqa: E501 - what becomes what stands on one line

from __future__ import annotations

from tests.property.sinks.campaign.mutants import (
    C4,
    FENCING,
    KEPT_UP,
    STAGED,
    STANDS_STILL,
    TAKERS,
    WATCHED,
    Mutant,
    Patch,
)

_SETTLE = "return self.lease_s + self.freeze_s + self.request_s + self.p_max_s + self.v_max_s"


def _wait_without(name: str, **more: object) -> Mutant:
    change = Patch("state", _SETTLE, f"{_SETTLE} - self.{name}_s")
    return Mutant(f"wait_without_{name}", (change,), "edge, faults", caught_by=frozenset({"DOUBLE"}), bound=6_000, **more)  # type: ignore[arg-type]  # fields of a mutant


CORE = (
    Mutant("no_intent", (Patch("core", "    return intends(made, _on_its_day(key.entry, view), event.now_s, event.at)", "    return sends(intends(made, key.entry, event.now_s, event.at)[0])"),)),
    Mutant("open_intent_ignored", (Patch("core", "    return resting(lookups.first_seen(key, event.now_s))", "    return resting(key.but(entry=e.change(key.entry, key.entry['updated_at'], intent_attempt=0, state=e.NEW)))"),), "takeover, silent"),
    Mutant("no_settle", (Patch("state", _SETTLE, "return 0.0"),), "silent, takeover"),
    Mutant("blind_retry", (Patch("answers", "    return _ambiguous(key, event, words(answer))", "    return _definite_no(key, event)"),), "silent"),
    Mutant("no_fence", (FENCING,), "takeover, send, faults, silent", caught_by=frozenset({"DOUBLE", "UNINTENDED"})),
    Mutant("no_lease_check", (Patch("calls", "        if self.clock.monotonic() > request.deadline_s:", "        if self.clock.monotonic() < 0:"),), "slow, takeover"),
    _wait_without("lease"),
    _wait_without("freeze"),
    _wait_without("request"),
    _wait_without("p_max"),
    Mutant("offset_before_outcome", (Patch("positions", "return min(self.holding, default=self.next)", "return self.next"),), "kill, takeover"),
    Mutant("timeout_is_success", (Patch("answers", "    return _ambiguous(key, event, words(answer))", "    return finish(key, e.change(closed(key.entry, event.at), event.at, state=e.POSTED, reason='', detail=''))"),), "silent"),
    Mutant("no_pre_read", (Patch("core", "    return key.but(phase=Phase.READING), (Find(),)\n\n\ndef _late", "    return sends(key)\n\n\ndef _late"),), "again, lost all", caught_by=frozenset({"DOUBLE", "REPLAY", "WRONG"})),
    Mutant("batch_is_assumed", (Patch("resolve", "    step = next_step(known, rules.steps)\n", "    step = ''\n"),), "silent", shapes=WATCHED),
    Mutant("refusal_is_done", (Patch("resolve", "    if document.refusal:\n        return Ended(closed(refused(known, document, rules, at), at))\n    step =", "    if document.refusal:\n        return Ended(closed(e.change(known, at, state=e.POSTED, reason='', detail=''), at))\n    step ="),), "faults", shapes=WATCHED),
    Mutant("vanished_is_written_again", (Patch("watch", "    made = e.waits(entry, at, reasons.NOT_SHOWN, f\"look-up {looks} of {LOOKS}\", rounds=looks)\n", "    made = e.change(entry, at, state=e.NEW, reason='', steps_done=[], step='', erp_id='')\n"),), "faults", C4, STAGED),
    Mutant("watch_forgotten", (Patch("moves", "    return idle, (Wait(due_at=entry[\"due_at\"]),)\n\n\ndef", "    return idle, (Wait(due_at=None if entry['reason'] == 'erp_batch' else entry['due_at']),)\n\n\ndef"),), shapes=WATCHED),
    Mutant("newer_ignored", (Patch("arrive", "    if updates:\n", "    if updates and entry['state'] == e.NEW:\n"),), "versions, families", shapes=KEPT_UP),
    Mutant("open_attempt_forgotten", (Patch("entry", "    if intent_open(entry):\n        kept +=", "    if intent_open(entry) and entry['state'] == HELD:\n        kept +="),), "versions, families, silent", shapes=KEPT_UP),
    Mutant("looked_at_once", (Patch("lookups", "    settled = event.asked_s >= settled_at_s(key)\n", "    settled = True\n"), Patch("answers", "    look_s = event.now_s if may_skip_settling(key) else settled_at_s(key)\n", "    look_s = event.now_s\n")), "silent"),
    Mutant("overruled_untold", (Patch("compare", "    return (decision(OVERRULED, entry, \"; \".join(words), event.at),) if words else ()", "    return ()"),), "touch, versions, families", shapes=KEPT_UP),
    Mutant("every_class_skips_settling", (Patch("moves", "        key.rules.capability in (Capability.C1, Capability.C2)\n", "        key.rules.capability in tuple(Capability)\n"),), "silent"),
    Mutant("differences_are_overlooked", (Patch("resolve", "    if document.differences:\n        return Ended(closed(e.held(known, at, reasons.MISMATCH", "    if document.differences and at.year < 2000:\n        return Ended(closed(e.held(known, at, reasons.MISMATCH"),), "again, versions, lost results"),
    Mutant("parents_are_not_waited_for", (Patch("gate", "        or parents(entry, view)\n", ""),), "families"),
    Mutant("parts_do_not_keep_each_other", (Patch("gate", "        or keep(entry, command, view.others, view.at)\n", ""),), "bills, silent"),
    Mutant("wait_without_v_max", (Patch("lookups", "    if key.rules.capability is Capability.C4 and key.looks == 0:", "    if key.rules.capability is Capability.C1 and key.looks == 0:"), Patch("state", _SETTLE, f"{_SETTLE} - self.v_max_s")), "edge, faults", C4, caught_by=frozenset({"DOUBLE"}), bound=6_000),
)  # fmt: skip

THIRTEEN = (
    Mutant("unknown_times_are_long_past", (Patch("moves", "    return math.inf if key.seen_s is None else", "    return 0.0 if key.seen_s is None else"), Patch("cases", "            or (e.intent_open(self.key.entry) and not e.is_terminal(self.key.entry))  # only memory knows when it may be looked up\n", ""), Patch("core", "        key = lookups.first_seen(key, event.now_s)\n    if key.look_s is None or", "        key = key.but(look_s=0.0)\n    if key.look_s is None or")), "takeover, silent, settings"),
    Mutant("what_was_paused_stays_paused", (Patch("consume", "            await self._ports.log.resume(number)  # the client keeps the pause that was set under the previous owner\n", ""),), "backlog, commit, faults"),
    Mutant("an_exception_wedges_its_op_key", (Patch("calls", "        except Exception as error:  # noqa: BLE001 - the edge of a call\n", "        except ConnectorError as error:\n"),), "find_fails"),
    Mutant("a_rebuild_holds_no_offsets", (Patch("consume", "            owner.commands.holding.add(REBUILD_HOLDS)  # at once: no offset may be committed before the mark\n", "            pass\n"), Patch("consume", "await self._ports.log.commit({place: taken.committed}, REBUILDING, wait=True)", "await asyncio.sleep(0)")), "again, lost results, kill, slow commits, backlog, faults"),
    Mutant("judged_before_the_wait_only", (Patch("core", "    kept = _kept(key, key.command, view)\n    if kept is not None:\n        return kept\n    made = key.but(mode=view.mode)", "    made = key.but(mode=view.mode)"), Patch("calls", "        words = request.kept_back()\n", "        words = ''\n")), "waits, pause, versions"),
    Mutant("the_ceiling_is_counted_late", (Patch("exchange", "            self._hours[case.connection].take(", "            (lambda *_: None)("),), "ceiling"),
    Mutant("a_rebuild_forgets_what_was_written_in_the_hour", (Patch("arrivals", "        hour.count(owner.hours, entry, owner.context.followed)\n", ""),), "loss, ceiling", caught_by=frozenset({"CEILING"})),
    Mutant("what_a_lost_ledger_wrote_is_not_counted_when_it_is_adopted", (Patch("hour", "    if entry[\"state\"] == e.ADOPTED:  # not by us, unless an earlier ledger wrote it\n        count(hours, entry, followed)\n", ""),), "loss, lost results, ceiling", caught_by=frozenset({"CEILING"})),
    Mutant("a_void_of_nothing_is_held", (Patch("takeback", "    if target is None or (e.is_terminal(target) and not e.may_exist(target) and target[\"state\"] not in e.IN_PLACE):\n        return e.change(", "    if target is None or (e.is_terminal(target) and not e.may_exist(target) and target[\"state\"] not in e.IN_PLACE):\n        return e.held(entry, view.at, reasons.VOID_NOT_BUILT, '')\n        return e.change("),), "versions"),
    Mutant("replaced_sessions_go_on", (Patch("pool", "            if known.version == version and known.closing is None:", "            if known.closing is None:"), Patch("pool", "        return self._pool.version_of(self.connected.settings.connection) == self._of.version", "        return True")), "settings"),
    Mutant("a_slow_look_up_has_no_limit", (Patch("core", "    if key.lates + 1 < LATE_LIMIT:", "    if key.lates + 1 < 1e9:"),), "slow, faults"),
    Mutant("alarms_multiply", (Patch("alarms", "        if case.alarm != number:\n            return False\n        self.clear(case)\n        return True", "        return True"), Patch("alarms", "        self.clear(case)\n        if wait.look_s is None", "        if wait.look_s is None"), Patch("alarms", "        while self._dues and self._dues[0][2].alarm != self._dues[0][1]:\n            heapq.heappop(self._dues)\n        return", "        return")), "settings, dead batch, faults", shapes=WATCHED),
    Mutant("one_record_ends_the_follower", (Patch("follow", "        except Exception as error:  # noqa: BLE001 - one bad record must not stop the next one from being folded\n", "        except ArithmeticError as error:\n"),), "junk, faults"),
    Mutant("nothing_is_let_go", (Patch("cases", "        if self.key is None or self.key.phase is not Phase.IDLE:\n            return False\n        under_way", "        if self.key is None or self.op_key:\n            return False\n        under_way"),)),
    Mutant("the_clock_stands_still", (STANDS_STILL,), "suspend, faults, slow"),
)  # fmt: skip

OWNER = (
    Mutant("nothing_is_kept_back", (Patch("calls", "        words = request.kept_back()\n", "        words = ''\n"),), "settings, pause, versions, slow"),
    Mutant("children_are_not_released", (Patch("owner", "        for op_key in self.cases.children(source):\n", "        for op_key in ():\n"),), "families"),
    Mutant("changes_are_not_held", (Patch("arrivals", "        place = self._beside(make, incoming)\n", "        place = 'stale'\n"),), "versions"),
    Mutant("a_withdrawn_part_is_forgotten", (Patch("arrivals", "            self._takes_back(entry, incoming)\n            return\n", "            return\n"),), "bills"),
    Mutant("a_failed_commit_counts", (Patch("commit", "        if error is not None:\n            log.warning(", "        if error is not None and group is None:\n            log.warning("),), "commit, kill"),
    Mutant("a_failed_partition_is_not_taken_anew", (Patch("consume", "            if held.owner.failed:\n                await self._retake(number)", "            if held.owner.failed and not number + 1:\n                await self._retake(number)"),), "commit"),
    Mutant("leases_are_not_given_back", (Patch("owner", "        for case in self.cases:\n            self._free(case)\n", ""),), "settings, takeover, commit"),
    Mutant("a_resumed_connection_sleeps_on", (Patch("controls", "    _turn_all(owner, connection)\n\n\ndef linked", "    return\n\n\ndef linked"),), "pause"),
    Mutant("what_cannot_be_read_is_skipped", (Patch("intake", "        except Malformed as error:\n            self._bury(found, str(error), None)\n", "        except Malformed:\n"),), "junk, faults"),
    Mutant("decisions_are_not_heard_again", (Patch("consume", "            for decision in self.context.followed.decisions_from(owner.number, owner.controls.next):\n", "            for decision in ():\n"),), "decide, reject, kill, faults"),
    Mutant("alarms_are_forgotten", (Patch("alarms", "            heapq.heappush(self._looks, (wait.look_s, self._number, case))\n", "            pass\n"),), "silent"),
    Mutant("a_dropped_owner_listens_on", (Patch("exchange", "        if not self.ended:\n            try:\n", "        if case is not None:\n            try:\n"), Patch("owner", "        if self.exchange.ended:\n            return\n", "")), "commit, takeover"),
    Mutant("lanes_are_not_freed", (Patch("schedule", "            case.lane = False\n", "            return\n"),), "faults"),
    Mutant("a_newer_command_overtakes_a_busy_one", (Patch("intake", "        return case is not None and case.is_busy\n", "        return case is None and op_key == ''\n"),), "versions, silent, slow"),
    Mutant("a_rebuild_makes_up_since_when_it_was_tried", (Patch("takeover", "offset, at, seen_at=seen_at), offset + 1", "offset, at, came_at=at), offset + 1"),), "again, lost results", caught_by=frozenset({"TRIED_SINCE"})),
    Mutant("a_reopened_master_forgets_since_when_it_was_tried", (Patch("entry", "    return cast(\"Ledger\", {**made, \"tried_since\": entry.get(\"tried_since\")})", "    return cast(\"Ledger\", made)"),), "versions, families", caught_by=frozenset({"TRIED_SINCE"}), shapes=KEPT_UP),
    Mutant("one_look_up_that_lags_decides_after_a_loss", (Patch("lookups", "return key.rules.capability is Capability.C4 and bool(", "return key.rules.capability is Capability.C1 and bool("),), "loss", C4, STAGED, caught_by=frozenset({"DOUBLE"}), bound=6_000),
    Mutant("the_settle_wait_of_a_loss_ends_with_its_owner", (Patch("consume", "                if not owner.schedule.is_settled:\n                    await held.may_open.wait()\n                await self._rebuilt(owner)\n", "                await self._rebuilt(owner)\n                if not owner.schedule.is_settled:\n                    await held.may_open.wait()\n"),), "loss, silent", caught_by=frozenset({"DOUBLE"}), bound=6_000),
    Mutant("a_rebuild_begun_before_is_believed", (Patch("restore", "        if self.intake.arrivals.rebuilt(", "        if self.owner.cases.entry(incoming.command[\"op_key\"]) is not None or self.intake.arrivals.rebuilt("),), "loss, silent, versions", bound=6_000),
    Mutant("an_acked_ending_is_written_again", (Patch("arrive", "    if _is_old(entry, incoming):\n        return Nothing(\"duplicate\" if same else \"stale\")\n", ""),), "again"),
)  # fmt: skip

TAKEN_BACK = (
    Mutant("two_of_a_chain_at_once", (Patch("takeback", "    if older:\n        why = ", "    if not begun and older:\n        why = "), Patch("takeback", "    if left or any(one[\"state\"] == e.HELD for one in begun):\n", "    if left:\n")), "versions, silent", shapes=TAKERS, bound=6_000),
    Mutant("the_first_document_is_taken_back_for_ever", (Patch("chain", "        return next((one for one in reversed(documents) if one[\"op_key\"] not in gone), None)", "        return next(iter(documents), None)"),), "versions", shapes=TAKERS),
    Mutant("what_is_taken_back_stands", (Patch("chain", "        gone = {one.get(\"takes_back\") for one in self.takers if one[\"state\"] in WRITTEN}\n", "        gone = set()\n"),), "versions", shapes=TAKERS),
    Mutant("the_source_that_comes_back_is_not_heard", (Patch("arrive", "        return Nothing(\"duplicate\") if incoming.takes_back else Changed(tip)", "        return Nothing(\"duplicate\")"),), "versions", shapes=TAKERS, bound=6_000),
    Mutant("a_reversal_counts_as_what_it_takes", (Patch("entry", "    return (wants - taken) or (", "    return (taken - wants) or ("),), "versions", shapes=TAKERS),
    Mutant("another_original_is_believed", (Patch("originals", "        value = await read(made[\"command_partition\"], made[\"command_offset\"]) if read is not None else None\n", "        value = self.cases.entry(entry[\"op_key\"])[\"command\"]\n"), Patch("originals", "        if (\n            name != f\"command.{made['record']}\"\n", "        if (\n            not name\n"), Patch("originals", "            or written[\"payload_hash\"] != made[\"payload_hash\"]\n", "")), "versions", shapes=TAKERS),
    Mutant("what_is_applied_is_forgotten", (Patch("recording", "        if not e.is_terminal(entry):\n            return ()\n", "        return ()\n"),), "versions, families, faults", shapes=TAKERS, bound=6_000),
    Mutant("a_change_uses_the_ref_of_its_document", (Patch("entry", "    return cast(\"CommandEnvelope\", {**command, \"op_key\": entry[\"op_key\"], \"ref\": entry[\"ref\"], \"action\": CORRECT})", "    return command"),), "versions", shapes=TAKERS),
    Mutant("a_closed_day_is_posted", (Patch("views", "            post_on=self._post_on(entry, command, settings.late) if closed else None,\n", "            post_on=None,\n"), Patch("gate", "    if not view.is_closed or view.post_on is not None or entry[\"released\"]", "    if not view.is_closed or view.late == NEXT_OPEN or entry[\"released\"]")), "late, faults", caught_by=frozenset({"CLOSED_DAY"})),
    Mutant("a_vanished_application_is_not_seen", (Patch("parts", "    makers = (part for part in _of_set(incoming, document) if part.entry[\"action\"] in e.MAKES)\n", "    makers = (part for part in _of_set(incoming, document) if part.entry[\"action\"] in _MAKES)\n"),), "sets", shapes=TAKERS),
    Mutant("a_vanished_application_is_kept", (Patch("arrivals", "        if chain.tip is not None and chain.tip[\"record\"] == REVERSAL:\n            self._reverted", "        if chain.tip is not None:\n            self._reverted"),), "sets", shapes=TAKERS),
    Mutant("a_child_goes_to_what_was_taken_back", (Patch("chain", "        if standing is None:\n            none = ", "        if standing is None and self.made is None:\n            none = "), Patch("chain", "        if standing is made:\n", "        if standing is made or standing is None:\n"), Patch("owner", "        if case.view is not None and key.phase is Phase.SENDING and parents.ids != case.view.parents.ids:\n", "        if case.view is None and key.phase is Phase.SENDING and parents.ids:\n")), "families, versions", shapes=TAKERS, bound=6_000),
    Mutant("a_withdrawal_without_payload_is_taken_for_presumed", (Patch("entry", "    return intent_open(entry) and entry[\"intent_hash\"] == PRESUMED\n", "    return intent_open(entry) and entry[\"intent_hash\"] in (\"\", PRESUMED)\n"),), "silent, sets", shapes=TAKERS, caught_by=frozenset({"OWN_ADOPTED"})),
    Mutant("an_examination_is_forgotten", (Patch("owner", "                case.again = again\n", ""), Patch("owner", "        case.again = case.again or case.key.entry[\"state\"] == e.HELD\n", "")), "late, versions, sets", shapes=TAKERS, caught_by=frozenset({"UNHEARD"}), bound=6_000),
    Mutant("a_change_of_what_was_never_written_is_kept", (Patch("takeback", "        if made is not None and made[\"state\"] == e.SUPERSEDED and not e.may_exist(made):\n", "        if made is not None and made[\"state\"] == \"\":\n"),), "versions, slow, commit", caught_by=frozenset({"MONEY"}), bound=6_000),
    Mutant("an_application_does_not_wait_for_a_reversal", (Patch("gate", "        or in_turn(entry, view.ahead, view.at)\n", ""),), "sets, versions, silent", shapes=TAKERS, caught_by=frozenset({"ROW"}), bound=6_000),
    Mutant("what_a_newer_version_ends_is_not_asked", (Patch("withdrawal", "    return [one for one in takers if e.takes_back(one) and e.place(one) < incoming.place]\n", "    return []\n"),), "versions, again, lost all", shapes=TAKERS, bound=6_000),
    Mutant("a_correction_does_not_wait_for_a_reversal", (Patch("takeback", "        or in_turn(entry, view.ahead, view.at)\n", ""),), "sets, versions, silent", shapes=TAKERS, caught_by=frozenset({"ROW"}), bound=6_000),
    Mutant("what_fell_with_its_payment_is_not_written_again", (Patch("arrivals", " and e.place(tip) < incoming.place and owner.sights.fell(tip):", " and tip[\"op_key\"] == \"\":"),), "settling", shapes=TAKERS, caught_by=frozenset({"MONEY"})),
    Mutant("what_fell_is_taken_for_there", (Patch("takeback", "        and not view.fell\n", ""),), "settling", shapes=TAKERS, caught_by=frozenset({"MONEY"})),
    Mutant("what_a_void_leaves_over_stays", (Patch("parts", "        if not e.is_terminal(one) and e.place(one) < incoming.place\n", "        if not e.is_terminal(one) and e.place(one) < incoming.place and not one[\"op_key\"]\n"),), "settling", shapes=TAKERS, caught_by=frozenset({"MONEY", "STUCK"}), bound=6_000),
    Mutant("a_command_is_known_though_its_void_waits", (Patch("intake", "        in_hand = parts.document_of(op_key) in self._queues  #", "        in_hand = not op_key  #"),), "settling, silent", shapes=TAKERS, caught_by=frozenset({"MONEY"}), bound=6_000),
    Mutant("what_fell_keeps_what_it_settled", (Patch("recording", "        of_source = self.cases.of_source(source_of(entry)) if entry[\"record\"] == REVERSAL else ()\n", "        of_source = self.cases.of_source(source_of(entry)) if not entry[\"record\"] else ()\n"),), "settling, versions", shapes=TAKERS, caught_by=frozenset({"UNHEARD"}), bound=6_000),
)  # fmt: skip

MUTANTS = (*CORE, *THIRTEEN, *OWNER, *TAKEN_BACK)
