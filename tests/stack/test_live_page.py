"""The live page in a real browser, on the real stack: heard, cut, paused, ended, by keyboard, from a disk."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.sync_api import Route, expect

from ambient.stack.stack import Stack
from tests.docs.pages import ROOT
from tests.stack.conftest import folded, gap_after, spoken_before, until, wav_of
from tests.stack.live_page import SCREENSHOTS, sign_in, visit
from tests.stack.network import network_to
from tests.waiting import wait_for

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
LISTENED_S = gap_after(1)
CUT = ("WebSocket connection to", "net::ERR_")
"""What Chromium itself says of a network that is gone."""
MOST_BYTES = 150_000


@pytest.fixture
def recording(call_pcm: bytes, tmp_path: Path) -> Path:
    return wav_of(until(call_pcm, LISTENED_S), tmp_path / "call.wav")


def test_a_microphone_is_heard_paused_and_ended(stack: Stack, call_pcm: bytes, tmp_path: Path) -> None:
    """Words come, those that may change lighter; a pause adds none; after the end every stage is shown and a
    link leads to the conversation. Light and dark, desk and phone, with nothing serious for axe."""
    microphone = wav_of(until(call_pcm, gap_after(4)), tmp_path / "microphone.wav")
    with visit(stack.address, microphone=microphone) as at:
        at.look("live-setup")
        at.start(stack.key)
        expect(at.page.locator("#words .tail").filter(has_text=re.compile(r"\w"))).to_be_visible()
        at.expect_words(2)
        expect(at.page.locator("#engine")).to_contain_text("scripted")
        expect(at.page.locator("#delay")).to_contain_text("ms")
        expect(at.page.locator("#stored")).to_contain_text(":")
        expect(at.page.locator("#words li[data-speaker='0'] .speaker").first).to_have_text("Speaker 1")
        expect(at.page.locator("#shares li")).not_to_have_count(0)
        at.look("live-talk")
        at.page.click("#pause")
        expect(at.page.locator("#status")).to_have_text("Paused.")
        expect(at.page.locator("#words li.open")).to_have_count(0)  # the last words settle in a pause
        paused_at = at.page.inner_text("#clock")
        at.page.click("#pause")
        expect(at.page.locator("#clock")).not_to_have_text(paused_at)
        at.page.click("#end")
        at.expect_end()
        expect(at.page.locator("#stages li[data-status=succeeded]")).not_to_have_count(0)
        expect(at.page.locator("#analysis")).to_contain_text("The analysis is done", timeout=90_000)
        assert re.search(r"/conversations/[0-9a-f-]{36}$", at.page.get_attribute("#review", "href") or "")
        at.look("live-after")
        at.page.click("#again")
        expect(at.page.locator("#start")).to_be_focused()


def test_a_cut_network_loses_nothing(stack: Stack, recording: Path) -> None:
    """Signed in by name, with short-lived tokens: while the network is gone the page says so and keeps what
    is said; the same session goes on, and in the end every word is there once."""
    with network_to(stack) as network, visit(network.address, ignored=CUT) as at:
        sign_in(at.page, stack)
        assert at.page.locator("#key").count() == 0
        at.start(recording=recording)
        at.expect_words()
        network.cut()
        expect(at.page.locator("#notice")).to_contain_text("The connection is lost")
        expect(at.page.locator("#notice")).to_contain_text("of audio wait here")
        network.mend()
        expect(at.page.locator("#notice")).to_be_hidden()
        at.expect_end()
        assert folded(at.words()) == spoken_before(LISTENED_S)


def test_a_session_that_was_given_up_goes_on_in_another(
    stack: Stack, recording: Path, api: httpx.Client
) -> None:
    """Away for longer than the server waits: what was said meanwhile becomes a session of its own."""

    def running() -> int:
        return int(api.get("/websocket/sessions").raise_for_status().json()["active_sessions"])

    with network_to(stack) as network, visit(network.address, ignored=CUT) as at:
        before = running()
        at.start(stack.key, recording=recording)
        at.expect_words()
        network.cut()
        wait_for(lambda: running() <= before, timeout_s=60, what="the end of the session that was left")
        network.mend()
        expect(at.page.locator("#words .remark")).to_be_visible()
        at.expect_end()
        assert at.page.locator("#words .remark ~ li .words").count() > 0


def test_the_keyboard_is_enough(stack: Stack, recording: Path) -> None:
    """Tab, arrows, space and enter start, pause, go on and end a session; the focus goes along."""
    with visit(stack.address, microphone=recording) as at:
        keyboard, focused = at.page.keyboard, at.page.locator(":focus")
        keyboard.press("Tab")
        expect(focused).to_have_text("To the content")
        keyboard.press("Enter")
        keyboard.press("Tab")
        keyboard.type(stack.key)
        keyboard.press("Tab")  # over the link to signing in
        keyboard.press("Tab")
        keyboard.press("ArrowRight")
        expect(at.page.locator("#file-field")).to_be_visible()
        keyboard.press("ArrowLeft")
        keyboard.press("Tab")
        expect(focused).to_have_id("language")
        keyboard.press("Tab")
        keyboard.press("Enter")
        expect(focused).to_have_id("pause")
        at.expect_words()
        expect(at.page.locator("#spoken p")).not_to_have_count(0)
        keyboard.press("Space")
        expect(focused).to_have_text("Go on")
        keyboard.press("Space")
        expect(focused).to_have_text("Pause")
        keyboard.press("Tab")
        keyboard.press("Enter")
        at.expect_end()
        expect(focused).to_have_id("after-title")


def test_a_link_signs_in_once_in_a_browser(stack: Stack) -> None:
    """Its button leads to the live page, signed in; the second time the link is spent."""
    with visit(stack.address) as at:
        sign_in(at.page, stack)  # so that the link below is made after it
        made = stack_command(stack, "sign_in_link")
        at.page.get_by_role("button", name="Sign out").click()
        at.page.get_by_role("link", name="Sign in", exact=True).click()
        at.look("sign-in")
        at.page.goto(stack.address + made)
        at.look("sign-in-link")
        at.page.get_by_role("button", name="Sign in").click()
        expect(at.page.get_by_role("button", name="Sign out")).to_be_visible()
        assert at.page.url == f"{stack.address}/"
    with visit(stack.address + made, ignored=("410",)) as again:
        expect(again.page.get_by_role("heading", name="This link is spent")).to_be_visible()


def test_the_page_is_light_and_painted_before_its_scripts(stack: Stack) -> None:
    """Everything that the page loads, as it is sent, is under 150 KB; what a person sees first needs no
    script."""
    with visit(f"{stack.address}/healthz") as at:
        sizes: dict[str, int] = {}
        at.page.on(
            "response", lambda answer: sizes.update({answer.url: answer.request.sizes()["responseBodySize"]})
        )
        at.page.goto(stack.address, wait_until="networkidle")
        for module in ("worklet", "resampler"):  # what is loaded when recording begins
            answer = httpx.get(f"{stack.address}{hashed(stack, module)}", headers={"Accept-Encoding": "gzip"})
            sizes[module] = int(answer.headers["Content-Length"])
        assert 10_000 < sum(sizes.values()) < MOST_BYTES, sizes
        paints = at.page.evaluate(
            "performance.getEntriesByType('paint').map((one) => [one.name, one.startTime])"
        )
        SCREENSHOTS.mkdir(exist_ok=True)
        measured = {"bytes": sum(sizes.values()), "requests": len(sizes), **dict(paints)}
        (SCREENSHOTS / "live-page.json").write_text(json.dumps(measured))
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with visit(f"{stack.address}/healthz") as at:
        at.page.route("**/*.js", hold)
        at.page.goto(stack.address, wait_until="commit")
        expect(at.page.get_by_role("heading", name="Speak")).to_be_visible()
        wait_for(
            lambda: at.page.evaluate("performance.getEntriesByType('paint').length") > 0,
            what="the first paint",
        )
        assert held
        expect(at.page.locator("#start")).to_be_disabled()
        for route in held:
            route.continue_()
        expect(at.page.locator("#start")).to_be_enabled()


def test_a_copy_from_a_disk_needs_an_address_and_a_token(
    stack: Stack, recording: Path, tmp_path: Path
) -> None:
    """Saved by the example as it stands and opened as a file, it holds everything in itself: words and
    speakers come as on the page."""
    copy = tmp_path / "live.html"
    printed = subprocess.check_output(
        [sys.executable, str(ROOT / "docs/examples/rest/live_copy.py"), str(copy)],
        env={**os.environ, "URL": stack.address, "KEY": stack.key},
        text=True,
    )
    tokens = dict(line.split() for line in printed.splitlines())
    with visit(copy.as_uri(), microphone=recording) as at:
        assert at.page.input_value("#address") == stack.address
        at.page.fill("#live-token", tokens["live"])
        at.page.fill("#read-token", tokens["read"])
        at.start()
        at.expect_words(2)
        expect(at.page.locator("#words .speaker").first).to_have_text("Speaker 1")
        at.page.click("#end")
        at.expect_end()
        assert folded(at.words()) == spoken_before(LISTENED_S)
        link = at.page.get_attribute("#review", "href") or ""
        assert link.startswith(f"{stack.address}/conversations/")


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 48_000, 96_000])
def test_the_page_resamples_cleanly(stack: Stack, rate_hz: int) -> None:
    """A tone keeps its pitch and strength at 16 kHz; one that would fold back is gone (40 dB and more)."""
    resample = """async ([url, rate, samples]) => {
        const { Resampler } = await import(url);
        const resampler = new Resampler(rate, 16000), heard = [];
        for (let at = 0; at < samples.length; at += 128)
            heard.push(...resampler.push(Float32Array.from(samples.slice(at, at + 128))));
        return heard;
    }"""

    def tone(frequency_hz: float, rate: int, samples: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.sin(2 * np.pi * frequency_hz * np.arange(samples) / rate)

    with visit(stack.address) as at:
        said = [hashed(stack, "resampler"), rate_hz]
        heard = np.array(at.page.evaluate(resample, [*said, tone(1000, rate_hz, rate_hz // 2).tolist()]))
        assert len(heard) == pytest.approx(8000, abs=100)
        settled = heard[1000:7000]  # 375 whole waves
        spectrum = np.abs(np.fft.rfft(settled)) / 3000
        assert spectrum[375] == pytest.approx(1, abs=0.01)
        assert np.sqrt(np.sum(np.delete(spectrum, 375) ** 2)) < 0.01
        if rate_hz > 16_000:
            folded_back = at.page.evaluate(resample, [*said, tone(11_000, rate_hz, rate_hz // 2).tolist()])
            assert np.abs(np.array(folded_back)[1000:7000]).max() < 0.01


def test_speakers_are_told_apart_by_name_and_colour(stack: Stack) -> None:
    """Turns come after the words: names stand where the speaker changes, colours run through the turn, and a
    later revision of a turn takes a segment to the other speaker; an older one changes nothing."""
    show = """async ([transcriptUrl, viewUrl]) => {
        const { Transcript } = await import(transcriptUrl);
        const { TranscriptView } = await import(viewUrl);
        const at = (id) => document.getElementById(id);
        const transcript = new Transcript();
        const parts = { list: at("words"), spoken: at("spoken"), toEnd: at("to-end"), transcript };
        const view = new TranscriptView(parts);
        for (let id = 0; id < 4; id++)
            view.show(transcript.hear({ segment_id: id, start_time: id, end_time: id + 1, text: `line ${id}`,
                stable_chars: 0, is_final: true, revision: 0, speaker_id: null }));
        const turn = (id, revision, speaker_id, segment_ids) =>
            transcript.turn({ id, revision, speaker_id, segment_ids }).forEach((one) => view.colour(one));
        turn(0, 0, "SPEAKER_00", [0, 1, 2]);
        turn(1, 0, "SPEAKER_01", [3]);
        turn(1, 1, "SPEAKER_01", [2, 3]);
        turn(0, 0, "SPEAKER_00", [0, 1, 2]);
        return [...parts.list.children].map((item) =>
            [item.querySelector(".speaker").textContent, item.dataset.speaker,
             item.classList.contains("same")]);
    }"""
    with visit(stack.address) as at:
        lines = at.page.evaluate(show, [hashed(stack, "transcript"), hashed(stack, "view")])
    assert lines == [
        ["Speaker 1", "0", False],
        ["Speaker 1", "0", True],
        ["Speaker 2", "1", False],
        ["Speaker 2", "1", True],
    ]


@pytest.mark.parametrize("address", ["/admin/", "/admin/realtime/realtimesession/", "/api/docs/"])
def test_other_pages_keep_the_policy(stack: Stack, address: str) -> None:
    """The admin and the API's page work under the policy without a word on the console."""
    with visit(stack.address) as at:
        sign_in(at.page, stack)
        at.page.goto(stack.address + address, wait_until="networkidle")
        if address == "/api/docs/":
            expect(at.page.locator(".opblock").first).to_be_visible()


def hashed(stack: Stack, module: str) -> str:
    """The address of a module of the live page, under the name that it was collected with."""
    manifest = json.loads((stack.conf.home / "static" / "staticfiles.json").read_text())
    return f"/static/{manifest['paths'][f'sessions/live/{module}.js']}"


def stack_command(stack: Stack, *arguments: str) -> str:
    """What `manage.py` says in the stack's environment."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=stack.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
