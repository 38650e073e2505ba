"""`python -m bench.review_page`: an hour's conversation on the review page, in a real Chromium.

9,000 words by two people in 600 turns, and an hour of recording (the shipped call, over and over), on the
whole stack. Measured by the browser itself: when the words are there, and every task of the main thread of 50
ms or more (Long Tasks API) while the page loads, is scrolled through, plays, seeks, searches and compares.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Page, sync_playwright

from ambient import demo
from bench.stacks import running_stack
from tests.browser import CHROMIUM
from transcription.audio.files import decode_file, encode_flac
from transcription.engines.base import SAMPLE_RATE_HZ

TURNS = 600
WORDS_A_TURN = 15
TURN_S = 6.0
SPOKEN_S = 5.5
VOCABULARY = ("we", "sent", "the", "order", "on", "monday", "and", "will", "look", "into", "it", "again")
WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longTasks.push(task.duration);
}).observe({ type: "longtask", buffered: true });
"""
SCROLL = """async () => {
  const frames = [];
  let last = performance.now();
  for (let y = 0; y < document.documentElement.scrollHeight; y += 400) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  frames.sort((a, b) => a - b);
  return { frames: frames.length, p95: frames[Math.floor(frames.length * 0.95)], longest: frames.at(-1) };
}"""


def hour_rows(owner: Any, *, live: bool = True) -> Any:
    """The conversation as rows, its recording not among them: final words, and live ones that differ in
    every tenth. To be called where Django is set up."""
    from conversations.models import Conversation, PipelineRun, Segment, Speaker

    conversation = Conversation.objects.create(
        owner=owner,
        source="live" if live else "upload",
        session_id="hour" if live else "",
        title="An hour on the telephone",
        language="en",
        duration_s=TURNS * TURN_S,
        status="completed",
    )
    PipelineRun.objects.create(conversation=conversation, number=1, status="completed")
    rows = [_segment(conversation, number, "final", 1) for number in range(TURNS)]
    if live:
        rows += [_segment(conversation, number, "live", 0) for number in range(TURNS)]
    Segment.objects.bulk_create(rows)
    Speaker.objects.bulk_create(
        Speaker(
            conversation=conversation,
            run_number=1,
            label=f"SPEAKER_0{number}",
            talk_time_s=TURNS * SPOKEN_S / 2,
            talk_ratio=0.5,
            num_turns=TURNS // 2,
        )
        for number in (0, 1)
    )
    return conversation


def _segment(conversation: Any, number: int, version: str, run_number: int) -> Any:
    from conversations.models import Segment

    words = [VOCABULARY[(number * 7 + place) % len(VOCABULARY)] for place in range(WORDS_A_TURN)]
    if version == "live":
        words[number % WORDS_A_TURN] = "misheard"
    start_s, width_s = number * TURN_S, SPOKEN_S / WORDS_A_TURN
    return Segment(
        conversation=conversation,
        version=version,
        run_number=run_number,
        number=number,
        start_s=start_s,
        end_s=start_s + SPOKEN_S,
        text=" ".join(words),
        words=[
            {
                "word": word,
                "start": round(start_s + place * width_s, 3),
                "end": round(start_s + (place + 1) * width_s, 3),
                "probability": 0.9,
            }
            for place, word in enumerate(words)
        ],
        speaker_label=f"SPEAKER_0{number % 2}" if version == "final" else "",
    )


def make_hour() -> str:
    """In a process of the stack's: the rows and the recording, of the operator. The conversation's id."""
    from django.contrib.auth import get_user_model
    from django.core.files.base import ContentFile

    from conversations.access import OPERATOR_NAME

    conversation = hour_rows(get_user_model().objects.get(username=OPERATOR_NAME))
    call = decode_file(str(Path(demo.__file__).parent / "call.flac"))
    samples = np.resize(call, int(TURNS * TURN_S) * SAMPLE_RATE_HZ)
    conversation.audio.save("hour.flac", ContentFile(b""))
    encode_flac(samples, conversation.audio.path)
    return str(conversation.pk)


def main() -> None:
    with running_stack(DATABASE_URL="", REDIS_URL="", AMBIENT_LIVE_ENGINE="scripted") as stack:
        code = "import django; django.setup(); from bench.review_page import make_hour; print(make_hour())"
        made = subprocess.run(
            [sys.executable, "-c", code],
            env={**stack.environment, "DJANGO_SETTINGS_MODULE": "ambient.settings"},
            check=True,
            capture_output=True,
            text=True,
        )
        conversation_id = made.stdout.split()[-1]
        headers = {"Authorization": f"Bearer {stack.key}"}
        answer = httpx.post(
            f"{stack.address}/api/v1/tokens", headers=headers, json={"scope": "read", "ttl": 3600}
        )
        token = answer.raise_for_status().json()["token"]
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
            page = browser.new_page(viewport={"width": 1360, "height": 900})
            figures = measure(page, f"{stack.address}/conversations/{conversation_id}#token={token}")
            browser.close()
    print(json.dumps(figures, indent=2))


def measure(page: Page, address: str) -> dict[str, Any]:
    """Milliseconds; `long_tasks_ms` are those of each part, 50 ms and more."""
    page.add_init_script(WATCH)
    figures: dict[str, Any] = {}

    def part(name: str, **more: Any) -> None:
        tasks = page.evaluate("() => window.longTasks.splice(0).map(Math.round)")
        figures[name] = {"long_tasks_ms": tasks, "longest_ms": max(tasks, default=0), **more}

    page.goto(address)
    page.locator("body[data-ready]").wait_for(state="attached", timeout=60_000)
    words_ms = page.evaluate("() => Math.round(performance.now())")
    lines = page.locator(".line").count()
    page.wait_for_function("() => document.getElementById('wave-note').textContent === ''", timeout=60_000)
    page.wait_for_timeout(500)
    part("load", words_there_ms=words_ms, lines=lines)
    scrolled = page.evaluate(SCROLL)
    part("scroll", **{name: round(value, 1) for name, value in scrolled.items()})
    page.evaluate("() => scrollTo(0, 0)")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("() => document.getElementById('audio').currentTime > 10", timeout=60_000)
    part("play_10_s")
    for place in (0.9, 0.1, 0.5):
        box = page.locator("#wave").bounding_box()
        assert box is not None
        page.mouse.click(box["x"] + box["width"] * place, box["y"] + box["height"] / 2)
        page.wait_for_timeout(1500)
    part("seek_3_times")
    page.locator("#find-text").fill("monday")
    page.wait_for_timeout(500)
    part("find", hits=page.locator("#find-count").inner_text())
    page.get_by_role("button", name="Compare").click()
    page.locator(".comparison [role=status]", has_text="words of the live").wait_for(timeout=60_000)
    part("compare", rows=page.locator(".comparison tbody tr").count())
    return figures


if __name__ == "__main__":
    main()
