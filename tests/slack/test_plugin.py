"""The surface inside someone else's Bolt app."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import SignatureVerifier

from bot.surfaces.slack import actions, form, options, register, settings_form, sharing, shortcuts
from examples import host_app
from tests.slack import replies, serving
from tests.slack.payloads import payload


def authorize(**known: Any) -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1-host")


HOST = {"signing_secret": serving.SECRET, "authorize": authorize}


def send(app: App, body: bytes) -> BoltResponse:
    return app.dispatch(BoltRequest(body=body.decode(), headers=serving.signed(body)))


@pytest.mark.parametrize("process_before_response", [True, False])
def test_host_and_plugin_answer_side_by_side(process_before_response: bool) -> None:
    """In the example host, its own command and ours both work, in either of Bolt's two modes."""
    app = host_app.build_host(**HOST, process_before_response=process_before_response)
    assert "Deploying web" == send(app, serving.slash("web", command="/deploy")).body
    assert "ephemeral" == json.loads(send(app, serving.slash("help")).body)["response_type"]


def test_the_hosts_button_stays_the_hosts() -> None:
    """An action of the host is not taken by the plugin."""
    payload = {"type": "block_actions", "user": {"id": "U1"}, "actions": [{"action_id": "approve", "type": "button"}]}
    body = serving.urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
    assert 200 == send(host_app.build_host(**HOST, process_before_response=True), body).status


def test_middleware_of_the_host_runs_before_ours() -> None:
    """What the host's middleware refuses does not reach the plugin."""
    app = App(**HOST, process_before_response=True)
    app.use(lambda: BoltResponse(status=403))
    register(app, answer=replies.answer)
    assert 403 == send(app, serving.slash("x")).status


def test_two_apps_in_one_process_do_not_meet() -> None:
    """Each app answers with what it was given: nothing is kept outside them."""
    apps = []
    for name in ("one", "two"):
        app = App(**HOST, process_before_response=True)
        register(app, answer=lambda text, defaults=None, name=name: replies.refused(name), command=f"/{name}")
        apps.append(send(app, serving.slash("x", command=f"/{name}")).body)
    assert [True, True] == [name in body for name, body in zip(("one", "two"), apps, strict=True)]


def test_another_command_name() -> None:
    """A host whose manifest names the command otherwise says so."""
    app = App(**HOST, process_before_response=True)
    register(app, answer=replies.answer, command="/memory")
    assert [200, 404] == [send(app, serving.slash("x", command=name)).status for name in ("/memory", "/vram")]


def test_signing_agrees_with_slacks_own_verifier() -> None:
    """What these tests sign is what slack_sdk accepts."""
    body = serving.slash("x")
    assert SignatureVerifier(serving.SECRET).is_valid_request(body, serving.signed(body))


def test_the_example_names_its_imports_from_the_plugin() -> None:
    """The example attaches the surface with one call."""
    assert 1 == len(re.findall(r"^    register\(app\)$", (serving.ROOT / "examples/host_app.py").read_text(), re.M))


def test_a_host_keeps_the_events_that_it_takes_itself() -> None:
    """Mentions and the Home stay the host's where it leaves those surfaces out."""
    app, taken = App(**HOST, process_before_response=True), []
    register(app, answer=replies.answer, surfaces={"command", "shortcuts"})
    app.event("app_mention")(lambda event: taken.append(event["type"]))
    app.event("app_home_opened")(lambda event: taken.append(event["type"]))
    for name in ("app_mention", "app_home_opened"):
        body = json.dumps(payload(name)).encode()
        headers = serving.signed(body, content_type=serving.JSON)
        assert 200 == app.dispatch(BoltRequest(body=body.decode(), headers=headers)).status
    assert ["app_mention", "app_home_opened"] == taken


def test_every_id_is_our_own() -> None:
    """Actions, menus, modals and shortcuts are told from a host's by their prefix."""
    ids = [*actions.HANDLERS, options.MODEL_FIELD, options.GPU_FIELD, form.VIEW, sharing.VIEW, settings_form.VIEW]
    assert [] == [each for each in (*ids, shortcuts.ANYWHERE, shortcuts.ON_MESSAGE) if not each.startswith("vram_")]
