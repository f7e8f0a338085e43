"""Everything that does not fit is told at once: file, line, place, what is allowed, the nearest known name; never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from console.connections.files import read_connection
from console.connections.fitting import Unfit
from tests.unit.console.connections.ground import TEXT, file_with

PLAIN = "canary-7f3a-plain-secret"


def refused(path: Path) -> list[str]:
    with pytest.raises(Unfit) as refusal:
        read_connection(path)
    return [line.removeprefix(f"{path}:") for line in refusal.value.lines]


def test_every_misfit_of_every_section_is_told_with_line_and_place(tmp_path: Path) -> None:
    path = file_with(
        tmp_path,
        ("time_zone: America/Chicago", "time_zone: America/Chicgo"),
        ("tenant: Company", "tenat: Company"),
        ("label: Acme", "lable: Acme"),
        ("  A1: {", "  A11: {"),
        ("group: acu, calls: 60", "group: acu, calls: 0"),
        ("{username: env:ACU_USER", "{usrname: env:ACU_USER"),
        ("- {name: first", "- {nam: first"),
    )
    (path.parent / "crosswalk").mkdir()
    (path.parent / "crosswalk" / "t.csv").write_text("key,effective_from\nx,soon\n")
    told = refused(path)
    starts = [
        f"{path.parent}/crosswalk/t.csv: 't' is not a table",
        "1: label: is missing",
        "2: lable: 'lable' is not a setting here; nearest: 'label'",
        "4: time_zone: 'America/Chicgo' does not fit: 'America/Chicgo' is not an IANA time zone; nearest: America/Chicago",
        "14: erp.credentials.username: is missing",
        "14: erp.credentials.usrname: 'usrname' is not a setting here; nearest: 'username'",
        "15: erp.quota.calls: '0' is too small: it is more than 0",
        "16: erp.settings.tenant: is missing",
        "18: erp.settings.tenat: 'tenat' is not a setting here; nearest: 'tenant'",
        "25: webhook_keys[0].nam: 'nam' is not a setting here; nearest: 'name'",
        "25: webhook_keys[0].name: is missing",
        "27: flows.A11: 'A11' is not a flow of acumatica; nearest: 'A1'; allowed: A1, A2",
    ]
    for start in starts:
        assert any(line.startswith(start) for line in told), (start, told)
    assert len(told) == len(starts)


USER = "credentials: {username: env:ACU_USER, password: env:ACU_PASSWORD, client_id: env:ACU_ID, client_secret: env:ACU_SECRET}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("environment: test\ntime", "environment: tset\ntime", "3: environment: 'tset' is not allowed; allowed: 'test' or 'production'; n"),
        ("system: acumatica", "system: acumatika", "13: erp.system: 'acumatika' is not a system of this side; nearest: 'acumatica'"),
        ("system: servicetitan", "system: acumatica", "6: field_service.system: 'acumatica' is not a system of this side"),
        (USER, f"{USER}\n  role_credentials: {{sink: {{usernam: env:X}}}}", "15: erp.role_credentials.sink.usernam: 'usernam' is not a setting"),
        (USER, f"{USER}\n  role_credentials: {{snk: {{username: env:X}}}}", "15: erp.role_credentials.snk: 'snk' is not a name here; nearest"),
        (USER, f"{USER}\n  role_credentials: {{sink: env:X}}", "15: erp.role_credentials.sink: is a section of its own, with a reference for"),
        (USER, f"{USER}\n  role_credentials: {{sink: {{username: {PLAIN}}}}}", "15: erp.role_credentials.sink.username: a secret is given as"),
        ("label: Acme", "label: Acme\ncurrency: usd", "3: currency: 'usd' is not written as this setting is written (Curr"),
        ("tenant_id: 1001", "tenant_id: T-1", "11: field_service.settings.tenant_id: 'T-1' is not written as this"),
        ("A1: {cutover_date: 2026-03-01}", "A2: {cutover_date: 2026-03-01, post_when: no}", "27: flows.A2.post_when: 'no' is not allowed"),
        ("cutover_date: 2026-03-01", "", "27: flows.A1.cutover_date: cutover_date is required"),
        ("cutover_date: 2026-03-01", "cutover_date: 2026-02-30", "27: flows.A1.cutover_date: '2026-02-30' is a day that no calendar has"),
        ("label: Acme", "label: Acme\ncreate_missing: vendor", "3: create_missing: 'vendor' is not a list: write [one, two], or"),
        ("label: Acme", "label: Acme\nceiling: 500", "3: ceiling: '500' is not a section: its settings stand below it, indented"),
        ("A1: {cutover_date: 2026-03-01}", "A1: {cutover_date: 2026-03-01, enabled: ja}", "27: flows.A1.enabled: 'ja' is neither true nor"),
        ("label: Acme", "label: Acme\nceiling: {documents_per_hour: 0}", "3: ceiling.documents_per_hour: '0' is too small: it is at least 1"),
    ],
)  # fmt: skip
def test_a_misfit_names_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert any(line.startswith(said) for line in refused(file_with(tmp_path, (old, new))))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("password: env:ACU_PASSWORD", f"password: {PLAIN}"),
        ("password: env:ACU_PASSWORD", f"password: 'env: {PLAIN}'"),
        ("password: env:ACU_PASSWORD", f"password: ENV:{PLAIN}"),
        ("password: env:ACU_PASSWORD", f"password: [{PLAIN}]"),
        ("password: env:ACU_PASSWORD", f"password: {{plain: {PLAIN}}}"),
        (
            USER,
            f"credentials: {PLAIN}",
        ),
        ("secret: env:HOOK", f"secret: {PLAIN}"),
        ("secret: env:HOOK", f"secret: env:HOOK, not_after: {PLAIN}x, key: {PLAIN}"),
        ("    branch: MAIN", f"    branch: MAIN\n    password: {PLAIN}"),
        ("webhook_keys:", f"  network: {{proxy: 'http://user:{PLAIN}@p.example:3128'}}\nwebhook_keys:"),
        ("webhook_keys:", f"  network: {{client_key: {PLAIN}, client_certificate: env:C}}\nwebhook_keys:"),
        ("base_url: https://acme.example.com/Acme", f"base_url: 'ftp://user:{PLAIN}@acme.example.com'"),
        ("base_url: https://acme.example.com/Acme", f"base_url: 'https://acme.example.com/Acme?token={PLAIN}'"),
        ("base_url: https://acme.example.com/Acme", f"base_url: 'https://acme.example.com/#{PLAIN}'"),
        ("label: Acme", f"label: Acme\ncurrency: 'https://x.example/?key={PLAIN}'"),
    ],
)
def test_a_secret_in_plain_is_refused_and_never_shown(tmp_path: Path, old: str, new: str) -> None:
    """`plan` printed it."""
    path = file_with(tmp_path, (old, new))
    with pytest.raises(Unfit) as refusal:
        read_connection(path)
    assert "canary" not in str(refusal.value)


def test_a_setting_of_a_system_that_does_not_fit_is_told_once_where_it_stands(tmp_path: Path) -> None:
    """It was told a second time as `erp.base_url`, a place that no file has."""
    wrong = [
        ("branch: MAIN", "branch: MAIN\n    sign_in: oath"),
        ("https://acme.example.com", "https://acme.example.com/a?b"),
        ("tenant_id: 1001", "tenant_id: x"),
    ]
    told = refused(file_with(tmp_path, *wrong))
    assert [line.split(": ")[1] for line in told] == [
        "field_service.settings.tenant_id", "erp.settings.base_url", "erp.settings.sign_in",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "missing"),
    [
        (", client_id: env:ACU_ID", "", ["client_id"]),
        (", client_id: env:ACU_ID, client_secret: env:ACU_SECRET", "", ["client_id", "client_secret"]),
        ("    branch: MAIN", "    branch: MAIN\n    sign_in: oauth", []),
        ("    branch: MAIN", "    branch: MAIN\n    sign_in: cookie", []),
    ],
)
def test_what_a_way_to_sign_in_needs_is_asked_for(tmp_path: Path, old: str, new: str, missing: list[str]) -> None:
    """Without a client id `plan` said yes, and no session could ever be opened."""
    path = file_with(tmp_path, (old, new))
    if not missing:
        read_connection(path)
        return
    starts = [f"14: erp.credentials.{name}: is missing for sign_in oauth: " for name in missing]
    assert [line.startswith(start) for line, start in zip(refused(path), starts, strict=True)] == [True] * len(starts)


def test_another_way_to_sign_in_needs_nothing_of_the_default_one(tmp_path: Path) -> None:
    cookie = ("    branch: MAIN", "    branch: MAIN\n    sign_in: cookie")
    read_connection(file_with(tmp_path, (", client_id: env:ACU_ID, client_secret: env:ACU_SECRET", ""), cookie))


@pytest.mark.parametrize(
    ("sign_in", "more", "places"),
    [
        ("basic", "", []),
        ("oauth", "", ["erp.credentials.client_id", "erp.credentials.client_secret", "erp.settings.token_url"]),
        (
            "oauth",
            "\n    token_url: https://login.acme.example/token",
            ["erp.credentials.client_id", "erp.credentials.client_secret"],
        ),
    ],
)
def test_a_token_server_is_needed_by_whoever_signs_in_there(tmp_path: Path, sign_in: str, more: str, places: list[str]) -> None:
    text = (
        TEXT.replace("system: acumatica", "system: peoplesoft")
        .replace("    tenant: Company\n", "")
        .replace("    branch: MAIN\n", "")
    )
    text = text.replace("    accounts:\n      sales: 40000\n", "").replace("  A1: {", "  P1: {")
    text = text.replace(", client_id: env:ACU_ID, client_secret: env:ACU_SECRET", "")
    path = file_with(tmp_path, ("    company_id: ACME", f"    company_id: ACME\n    sign_in: {sign_in}{more}"), text=text)
    told = refused(path) if places else []
    assert sorted(line.split(": ")[1] for line in told if "for sign_in oauth" in line) == places
    if not places:
        read_connection(path)


def test_a_folder_of_tables_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    home = tmp_path / "acme"
    home.mkdir()
    path = file_with(home, ("flows:", "crosswalk: ../outside\nflows:"))
    (line,) = refused(path)
    assert line.startswith("26: crosswalk: the folder of tables is outside")
    (home / "crosswalk").symlink_to(tmp_path / "outside")
    assert "is outside of" in refused(file_with(home))[0]


def test_a_table_that_is_a_link_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("key,a\nx,1\n")
    (tmp_path / "acme" / "crosswalk").mkdir(parents=True)
    (tmp_path / "acme" / "crosswalk" / "t.csv").symlink_to(tmp_path / "outside.csv")
    assert "leads out of the folder of the connection" in refused(file_with(tmp_path / "acme"))[0]


def test_a_folder_of_tables_that_is_named_and_not_there_is_refused(tmp_path: Path) -> None:
    assert "there is no folder" in refused(file_with(tmp_path, ("flows:", "crosswalk: crosswlk\nflows:")))[0]


def test_no_refusal_shows_a_pattern(tmp_path: Path) -> None:
    """An accountant cannot read `^[A-Z]{3}$`."""
    path = file_with(
        tmp_path,
        ("connection: acme", "connection: ACME!"),
        ("label: Acme", "label: Acme\ncurrency: dollars"),
        ("instance_id: acme-prod", "instance_id: acme prod"),
        ("base_url: https://acme.example.com/Acme", "base_url: acme"),
        ("tenant_id: 1001", "tenant_id: 0"),
        ("secret: env:HOOK", "secret: plain"),
    )
    told = refused(path)
    assert len(told) == 6
    assert not [line for line in told if "pattern" in line or "[A-Z" in line or "$" in line]
