"""Who may call: Basic, bearer of the external token server, UsernameToken; permissions; operations that are switched off."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.systems.peoplesoft.simulator.world import Answer, Make, World, basic, journal, query_path, username_token

_UNITS = query_path("ML_BUSINESS_UNITS") + (
    "?isconnectedquery=N&maxrows=9&prompt_uniquepromptname=LAST_BUSINESS_UNIT&prompt_fieldvalue=&json_resp=true"
)


async def _token(world: World, headers: Any = None, **fields: str) -> Answer:
    held = world.credentials
    form = {"grant_type": "client_credentials"}
    form |= {} if headers else {"client_id": held["client_id"], "client_secret": held["client_secret"]}
    named = {"Content-Type": "application/x-www-form-urlencoded"} | (headers or {})
    body = "&".join(f"{name}={value}" for name, value in (form | fields).items())
    return await world.call("POST", held["token_url"], body.encode(), named)


async def test_a_wrong_password_of_the_username_token_is_the_recorded_fault(world: World) -> None:
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(), headers={}, header=username_token("MLCONNECT", "no"))
    assert answer.status == 500
    assert answer.texts("faultcode") == ["SOAP-ENV:Server"]
    assert answer.texts("faultstring") == ["null"]
    (response,) = [one for one in answer.xml.iter() if one.tag == "IBResponse"]
    assert response.get("type") == "error"
    assert answer.texts("StatusCode") == ["20"]
    assert answer.codes == ["158,45"]
    assert answer.texts("DefaultMessage") == ["User password failed. (158,45)"]
    assert await world.journal() == []


async def test_faults_come_with_http_200_where_the_site_is_so(make: Make) -> None:
    world = await make(fault_status=200)
    answer = await world.soap("ML_JOURNAL_CI", "Get", {}, headers={}, header=username_token("MLCONNECT", "no"))
    assert (answer.status, answer.codes) == (200, ["158,45"])


@pytest.mark.parametrize(
    ("security", "is_basic", "is_token", "status"),
    [
        ("either", True, False, 200),
        ("either", False, True, 200),
        ("either", True, True, 200),
        ("either", False, False, 500),
        ("username_token", True, False, 500),
        ("username_token", False, True, 200),
        ("transport", True, False, 200),
        ("transport", False, True, 401),
        ("transport", True, True, 200),
    ],
)
async def test_soap_calls_carry_what_the_site_asks_for(
    make: Make, security: str, is_basic: bool, is_token: bool, status: int
) -> None:
    world = await make(soap_security=security)
    headers = world.signed if is_basic else {}
    header = username_token(world.credentials["username"], world.credentials["password"]) if is_token else ""
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(), headers=headers, header=header)
    assert answer.status == status
    assert len(await world.journal("Journal")) == (1 if status == 200 else 0)


async def test_a_wrong_basic_password_is_refused_although_the_username_token_is_right(world: World) -> None:
    header = username_token(world.credentials["username"], world.credentials["password"])
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal(), headers=basic("MLCONNECT", "no"), header=header)
    assert answer.status == 401
    assert await world.journal() == []


async def test_a_bearer_token_of_the_external_server_opens_rest_and_soap_until_it_expires(world: World) -> None:
    answer = await _token(world)
    assert (answer.status, answer.json["token_type"], answer.json["expires_in"]) == (200, "Bearer", 3600)
    bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
    assert (await world.call("GET", _UNITS, headers=bearer)).status == 200
    assert (await world.soap("ML_JOURNAL_CI", "Create", journal(), headers=bearer)).status == 200
    world.clock.move(minutes=60)
    refused = await world.call("GET", _UNITS, headers=bearer)
    assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert (await world.soap("ML_JOURNAL_CI", "Create", journal(JOURNAL_ID="K2"), headers=bearer)).status == 401
    assert len(await world.journal("Journal")) == 1


async def test_a_token_can_be_taken_back_before_its_time(world: World) -> None:
    bearer = {"Authorization": f"Bearer {(await _token(world)).json['access_token']}"}
    assert (await world.call("GET", _UNITS, headers=bearer)).status == 200
    await world.sim("tokens/revoke", {})
    assert (await world.call("GET", _UNITS, headers=bearer)).status == 401
    again = {"Authorization": f"Bearer {(await _token(world)).json['access_token']}"}
    assert (await world.call("GET", _UNITS, headers=again)).status == 200


async def test_the_token_server_takes_the_client_by_header_too_and_names_what_is_wrong(world: World) -> None:
    held = world.credentials
    pair = base64.b64encode(f"{held['client_id']}:{held['client_secret']}".encode()).decode()
    assert (await _token(world, {"Authorization": f"Basic {pair}"})).status == 200
    wrong: list[tuple[dict[str, str], int, str]] = [
        ({"client_secret": "no"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"scope": "everything"}, 400, "invalid_scope"),
    ]
    for fields, status, code in wrong:
        answer = await _token(world, **fields)
        assert (answer.status, answer.json) == (status, {"error": code})


@pytest.mark.parametrize(
    ("security", "right", "wrong"), [("basic", "Basic", "Bearer"), ("oauth", "Bearer", "Basic")], ids=["basic", "oauth"]
)
async def test_rest_takes_one_way_of_sign_in_where_the_site_says_so(make: Make, security: str, right: str, wrong: str) -> None:
    world = await make(rest_security=security)
    bearer = {"Authorization": f"Bearer {(await _token(world)).json['access_token']}"}
    by_scheme: dict[str, dict[str, str]] = {"Basic": world.signed, "Bearer": bearer}
    assert (await world.call("GET", _UNITS, headers=by_scheme[right])).status == 200
    refused = await world.call("GET", _UNITS, headers=by_scheme[wrong])
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith(right)
    assert (await world.call("GET", _UNITS)).status == 401


async def test_missing_methods_of_the_interface_are_a_ci_error_within_http_200(world: World) -> None:
    await world.sim("permissions", {"name": "ML_JOURNAL_CI", "authorized": "N"})
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal())
    assert (answer.status, answer.codes) == (200, ["90,6"])
    assert await world.journal() == []


async def test_a_missing_permission_of_the_operation_is_a_fault(world: World) -> None:
    await world.sim("permissions", {"name": "CI_ML_JOURNAL_CI_C", "authorized": "N"})
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal())
    assert (answer.status, answer.codes) == (500, ["158,70"])
    assert (await world.soap("ML_JOURNAL_CI", "Find", {"BUSINESS_UNIT": "US001"})).status == 200


@pytest.mark.parametrize(("part", "code"), [("version", "158,66"), ("routing", "158,67"), ("handler", "158,68")])
async def test_an_operation_that_is_switched_off_answers_an_ibresponse_within_http_200(world: World, part: str, code: str) -> None:
    await world.sim("operations", {"name": "CI_ML_JOURNAL_CI_C", part: "I"})
    answer = await world.soap("ML_JOURNAL_CI", "Create", journal())
    assert (answer.status, answer.xml.tag, answer.xml.get("type"), answer.codes) == (200, "IBResponse", "error", [code])
    listed = {row["IB_OPERATIONNAME"]: row for row in await world.query("ML_SERVICE_OPERATIONS", LAST_NAME="")}
    assert listed["CI_ML_JOURNAL_CI_C"][f"{part.upper()}_STATUS"] == "I"
    await world.sim("operations", {"name": "CI_ML_JOURNAL_CI_C", "active": True})
    await world.create(journal())


async def test_the_query_service_can_be_switched_off_too(world: World) -> None:
    await world.sim("operations", {"name": "QAS_EXECUTEQRY_REST_GET", "active": False})
    answer = await world.call("GET", _UNITS, headers=world.signed)
    assert (answer.status, answer.codes) == (500, ["158,66"])


@pytest.mark.parametrize("body", [{"name": "NO_SUCH", "active": False}, {"name": "CI_ML_JOURNAL_CI_C", "version": "X"}, {}])
async def test_a_switch_that_makes_no_sense_is_refused(world: World, body: dict[str, Any]) -> None:
    assert (await world.call("POST", "/__sim__/operations", body)).status == 400
