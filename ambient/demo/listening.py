"""The first act: the recording goes in at the speed of speech, and the words come out."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from ambient.stack.stack import Stack
from sessions.client import BYTES_PER_S, LiveClient


@dataclass(slots=True)
class Heard:
    """What the client got."""

    conversation_id: str = ""
    finals: list[dict[str, Any]] = field(default_factory=list)
    partials: int = 0
    ended: bool = False


async def stream_call(stack: Stack, pcm: bytes, console: Console, *, title: str) -> Heard:
    """Speak `pcm` (s16le, mono, 16 kHz) into a session and show what comes back."""
    heard = Heard()
    url = stack.address.replace("http://", "ws://") + "/ws/transcribe"
    async with LiveClient(url, token=stack.key, interim_results=True, language="en") as client:
        speaking = asyncio.create_task(client.send_at_speed_of_speech(pcm))
        with Live(console=console, refresh_per_second=20, transient=True) as live:
            async for message in client:
                line = _take(message, heard)
                if message["type"] == "connected":
                    config = message["config"]
                    console.rule(f"[bold]Listening to {escape(title)}[/] ({len(pcm) / BYTES_PER_S:.0f} s)")
                    console.print(f"[dim]{escape(message['message'])}[/]")
                    console.print(f"[dim]recogniser: {config['engine']}, {config['whisper_model']}[/]\n")
                elif line is not None and message.get("is_final"):
                    live.update(Text(""))
                    console.print(line)
                elif line is not None:
                    live.update(line)
        await speaking
    console.print()
    latencies = [final["latency_ms"] for final in heard.finals if final["latency_ms"] is not None]
    if latencies:
        console.print(
            f"[dim]{len(heard.finals)} finals, {heard.partials} partials; last audio in → final out: "
            f"median {statistics.median(latencies):.0f} ms, longest {max(latencies):.0f} ms[/]\n"
        )
    return heard


def _line(message: dict[str, Any], latency: str, words: Text) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(width=7, justify="right", style="dim", no_wrap=True)
    table.add_column(width=6, justify="right", style="green dim", no_wrap=True)
    table.add_column()
    table.add_row(f"{message['start_time']:.1f} s", latency, words)
    return table


def _take(message: dict[str, Any], heard: Heard) -> RenderableType | None:
    """Keep what a message says; the line to show for it, if any."""
    match message["type"]:
        case "connected":
            heard.conversation_id = message["conversation_id"]
        case "transcript" if message["is_final"]:
            heard.finals.append(message)
            latency = message["latency_ms"]
            return _line(message, f"{latency:.0f} ms" if latency is not None else "", Text(message["text"]))
        case "transcript":
            heard.partials += 1
            stable = message["text"][: message["stable_chars"]]
            return Text.assemble(
                (f"{message['start_time']:6.1f} s  ", "dim"),
                stable,
                (message["text"][len(stable) :], "dim italic"),
            )
        case "warning" | "error":
            return Text(f"{message['code']}: {message['message']}", style="yellow")
        case "session_ended":
            heard.ended = True
    return None
