"""`erpintegrations`: files and jobs of the Enterprise Scheduler, their states, their reports.

Sources: TGT client.py and const.py (importBulkData, ReqstId, the finders), FIN:op-erpintegrations-post (fields, fileType LOG or OUT), public scripts
(uploadFileToUCM, submitESSJobRequest, states; the parent may be SUCCEEDED while "Import Journals: Child" ended in WARNING). Assumed: the order of
parameters, which is that of the fact sheet; and that a job is READY, then RUNNING, and ends `jobs_s` after it was submitted.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any

from runtime.simulator.records import Change, Row
from systems.oracle_fusion.simulator.answers import bad
from systems.oracle_fusion.simulator.pod import INTERFACE, SETUP, Pod, wire_time
from systems.oracle_fusion.simulator.rules import journal_import
from systems.oracle_fusion.simulator.rules.journal_import import Unreadable
from systems.oracle_fusion.simulator.rules.setup import require
from systems.oracle_fusion.simulator.seed.company import DATA_ACCESS_SET_ID, LEDGER_ID
from systems.oracle_fusion.simulator.seed.suppliers import blank

KIND = "erpintegrations"
_PACKAGE = "/oracle/apps/ess/financials/generalLedger/programs/common"
_LOADER = "/oracle/apps/ess/financials/commonModules/shared/common/interfaceLoader"
_ACCOUNT, _IMPORT_JOB = "fin$/generalLedger$/import$", "15"
_READY, _RUNNING, _SUCCEEDED, _WARNING, _ERROR = "READY", "RUNNING", "SUCCEEDED", "WARNING", "ERROR"
FINAL = (_SUCCEEDED, _WARNING, _ERROR)


def create(pod: Pod, draft: Row) -> Row:
    """Carry out OperationName; a job is only submitted. Raises 400."""
    require(draft, ("OperationName",))
    operations = {"importBulkData": _import, "uploadFileToUCM": _upload, "submitESSJobRequest": _submit}
    operation = operations.get(draft["OperationName"])
    if operation is None:
        raise bad(f"The operation {draft['OperationName']} is not valid.", "FUN-720397", "OperationName")
    return operation(pod, draft)


def _content(draft: Row) -> bytes:
    require(draft, ("DocumentContent", "ContentType", "FileName", "DocumentAccount"))
    if draft["DocumentAccount"] != _ACCOUNT:
        raise bad(f"The account {draft['DocumentAccount']} is not one of journal import.", "FUN-720398", "DocumentAccount")
    try:
        return base64.b64decode(draft["DocumentContent"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise bad("The document content is not Base64.", "FUN-720399", "DocumentContent") from error


def _import(pod: Pod, draft: Row) -> Row:
    content = _content(draft)
    require(draft, ("JobName", "ParameterList"))
    if draft["JobName"] != f"{_PACKAGE},JournalImportLauncher":
        raise bad(f"The job {draft['JobName']} is not valid.", "FUN-720400", "JobName")
    return _queued(
        pod, draft, {"job": "import", "content": base64.b64encode(content).decode(), "parameters": draft["ParameterList"]}
    )


def _upload(pod: Pod, draft: Row) -> Row:
    content = base64.b64encode(_content(draft)).decode()
    key = pod.number("document", 0, 10001)
    pod.commit([Change(SETUP, f"document/{key}", {"content": content})])
    return blank(KIND) | _shown(draft) | {"DocumentId": key}


def _submit(pod: Pod, draft: Row) -> Row:
    require(draft, ("JobPackageName", "JobDefName", "ESSParameters"))
    name = (draft["JobPackageName"].rstrip("/"), draft["JobDefName"])
    jobs = {
        (_PACKAGE, "JournalImportLauncher"): "launch",
        (_LOADER, "InterfaceLoaderController"): "load",
        (_PACKAGE, "AutomaticPosting"): "post",
    }
    if name not in jobs:
        raise bad(f"The job {','.join(name)} is not valid.", "FUN-720400", "JobDefName")
    return _queued(pod, draft, {"job": jobs[name], "parameters": draft["ESSParameters"]})


def _shown(draft: Row) -> Row:
    """What an answer echoes, without the content."""
    return {name: value for name, value in draft.items() if name != "DocumentContent"}


def _queued(pod: Pod, draft: Row, task: Row) -> Row:
    key = pod.number("request", 0, 5531001)
    row = blank(KIND) | _shown(draft) | {"ReqstId": key, "RequestStatus": _READY}
    row |= {"_task": task, "_at": wire_time(pod.clock.now()), "_children": [], "_report": ""}
    return pod.save(KIND, row, "submit", task["job"])


def run_due(pod: Pod) -> None:
    """Start jobs that are due, and end those that have run long enough."""
    for row in pod.waiting(KIND):
        if pod.due(row["_at"], pod.settings.jobs_s):
            _end(pod, row)
        elif row["RequestStatus"] == _READY and pod.due(row["_at"], pod.settings.jobs_s / 2):
            pod.save(KIND, row | {"RequestStatus": _RUNNING}, "run")


def run(pod: Pod) -> int:
    """End every job now; returns how many there were."""
    waiting = pod.waiting(KIND)
    for row in waiting:
        _end(pod, row)
    return len(waiting)


def _end(pod: Pod, row: Row) -> None:
    task = row["_task"]
    if pod.faults.take("job_fails", "POST", f"/{KIND}") is not None:
        _close(pod, row, _ERROR, "The job was interrupted.\n")
        return
    try:
        ends = {"import": _end_import, "launch": _end_launch, "load": _end_load, "post": _end_posting}
        ends[task["job"]](pod, row)
    except Unreadable as error:
        _close(pod, row, _ERROR, f"Error: {error}.\n")


def _close(pod: Pod, row: Row, status: str, report: str, changes: Iterable[Change] = ()) -> None:
    pod.commit([*changes, pod.put(KIND, row | {"RequestStatus": status, "_report": report}, "end", status)])


def _unpacked(content: str) -> list[Row]:
    try:
        with zipfile.ZipFile(io.BytesIO(base64.b64decode(content))) as packed:
            names = [name for name in packed.namelist() if name.lower().endswith(".csv")]
            if len(names) != 1:
                raise Unreadable("the archive does not hold one CSV file")
            return journal_import.read(packed.read(names[0]))
    except zipfile.BadZipFile as error:
        raise Unreadable("the document is no zip archive") from error


def _parameters(text: str) -> tuple[str, str]:
    """Source and group of a parameter list: data access set, source, ledger, group, suspense, summary, flexfields."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 7 or parts[0] != str(DATA_ACCESS_SET_ID) or parts[2] != str(LEDGER_ID):
        raise Unreadable(f"the parameters {text!r} are not valid")
    return parts[1], parts[3]


def _end_import(pod: Pod, row: Row) -> None:
    """Load the file and import it, as two child jobs of the one that was submitted."""
    source, group = _parameters(row["_task"]["parameters"])
    rows = _unpacked(row["_task"]["content"])
    _imported(pod, row, rows, (source, group))


def _imported(pod: Pod, row: Row, rows: list[Row], of: tuple[str, str]) -> None:
    lines = journal_import.judged(pod, rows, *of)
    status = _WARNING if any(line.code for line in lines) else _SUCCEEDED
    child = {"id": pod.number("request", 0, 5531001), "name": "Import Journals: Child", "status": status}
    parent = {"id": pod.number("request", 0, 5531001), "name": "Import Journals", "status": _SUCCEEDED, "children": [child]}
    changes = journal_import.journals(pod, lines, row["ReqstId"])
    shown = status if pod.settings.warning_is_shown else _SUCCEEDED
    report = journal_import.report(lines, *of)
    if pod.faults.take("report_cut", "POST", f"/{KIND}") is not None:
        report = report[: len(report) // 2]
    if pod.faults.take("job_warns", "POST", f"/{KIND}") is not None:
        child["status"] = _WARNING
    _close(pod, row | {"_children": [parent]}, shown, report, changes)


def _end_load(pod: Pod, row: Row) -> None:
    parts = [part.strip() for part in row["_task"]["parameters"].split(",")]
    document = pod.get(SETUP, f"document/{parts[1]}") if len(parts) > 1 and parts[0] == _IMPORT_JOB else None
    if document is None:
        raise Unreadable("the document is not found")
    rows = _unpacked(document["content"])
    interface = [
        Change(INTERFACE, key := f"{row['ReqstId']}/{number:06d}", one | {"_key": key}) for number, one in enumerate(rows, 1)
    ]
    _close(pod, row, _SUCCEEDED, f"{len(rows)} rows loaded.\n", interface)


def _end_launch(pod: Pod, row: Row) -> None:
    source, group = _parameters(row["_task"]["parameters"])
    waiting = [one for one in pod.rows(INTERFACE) if group in ("ALL", one["GROUP_ID"])]
    if not waiting:
        raise Unreadable("no rows of this group are in the interface")
    pod.commit([Change(INTERFACE, one["_key"], one, is_gone=True) for one in waiting])
    _imported(pod, row, waiting, (source, group))


def _end_posting(pod: Pod, row: Row) -> None:
    changes = _posted(pod)
    _close(pod, row, _SUCCEEDED, f"{len(changes)} batches posted.\n", changes)


def post(pod: Pod) -> int:
    """A person posts every batch that is not posted yet; returns how many there were."""
    changes = _posted(pod)
    pod.commit(changes)
    return len(changes)


def _posted(pod: Pod) -> list[Change]:
    posted: Row = {"Status": "P", "StatusMeaning": "Posted"}
    return [
        pod.put(
            journal_import.BATCHES,
            one | posted | {"journalHeaders": [head | {"Status": "P"} for head in one["journalHeaders"]]},
            "post",
        )
        for one in pod.rows(journal_import.BATCHES)
        if one["Status"] == "U"
    ]


def _held(pod: Pod, variables: Mapping[str, str]) -> tuple[Row, str]:
    """The job that a finder names, and the id that it asked for, which may be a child's. Raises 400."""
    key = variables.get("requestId", "")
    held = pod.get(KIND, key)
    for row in pod.rows(KIND) if held is None else [held]:
        if key == row["ReqstId"] or any(key == one["id"] for one in _flat(row["_children"])):
            return row, key
    raise bad(f"The request {key} is not found.", "FUN-720401", "requestId")


def _flat(children: list[Row]) -> list[Row]:
    return [one for child in children for one in (child, *_flat(child.get("children", [])))]


def status(pod: Pod, variables: Mapping[str, str]) -> list[Row]:
    """The finder ESSJobStatusRF: the state of a job, or of one of its child jobs."""
    row, key = _held(pod, variables)
    state = next((one["status"] for one in _flat(row["_children"]) if one["id"] == key), row["RequestStatus"])
    return [blank(KIND) | {"OperationName": "getESSJobStatus", "ReqstId": key, "RequestStatus": state}]


def details(pod: Pod, variables: Mapping[str, str]) -> list[Row]:
    """The finder ESSExecutionDetailsRF: RequestStatus is the text of a JSON object with the job and its child jobs."""
    row, _ = _held(pod, variables)
    names = {
        "import": "Load Interface File for Import",
        "launch": "Import Journals",
        "load": "Load Interface File",
        "post": "AutoPost Journals",
    }
    tree = _tree(
        {"id": row["ReqstId"], "name": names[row["_task"]["job"]], "status": row["RequestStatus"], "children": row["_children"]}
    )
    return [
        blank(KIND)
        | {"OperationName": "getESSExecutionDetails", "ReqstId": row["ReqstId"], "RequestStatus": json.dumps({"JOBS": tree})}
    ]


def _tree(job: Row) -> dict[str, Any]:
    shown = {"JOBNAME": job["name"], "JOBPATH": _PACKAGE, "REQUESTID": job["id"], "STATUS": job["status"]}
    return shown | ({"CHILD": [_tree(child) for child in job["children"]]} if job.get("children") else {})


def files(pod: Pod, variables: Mapping[str, str]) -> list[Row]:
    """The finder ESSJobExecutionDetailsRF: log and report of a job that has ended, zipped, as Base64. Raises 400."""
    row, key = _held(pod, variables)
    wanted = variables.get("fileType", "ALL")
    if wanted not in ("LOG", "OUT", "ALL") or row["RequestStatus"] not in FINAL:
        raise bad("The files of this request are not there.", "FUN-720402", "fileType")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        if wanted in ("LOG", "ALL"):
            _write(packed, f"{key}.log", f"Request {key} ended with status {row['RequestStatus']}.\n")
        if wanted in ("OUT", "ALL"):
            _write(packed, f"{key}.txt", row["_report"])
    content = base64.b64encode(buffer.getvalue()).decode()
    shown = {"OperationName": "downloadESSJobExecutionDetails", "ReqstId": key, "FileName": f"{key}.zip", "FileType": wanted}
    return [blank(KIND) | shown | {"ContentType": "application/zip", "DocumentContent": content}]


def _write(packed: zipfile.ZipFile, name: str, text: str) -> None:
    """A file of the archive with a fixed date, so that the same job gives the same bytes."""
    packed.writestr(zipfile.ZipInfo(name), text)
