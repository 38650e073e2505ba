"""`make demo`: a call through the whole system, as a client sees it. Exit 0 only when all of it happened."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from environs import EnvError
from rich.console import Console

from ambient import conf
from ambient.demo.analysis import follow_analysis
from ambient.demo.listening import stream_call
from ambient.demo.report import show_result
from ambient.stack.errors import StackError
from ambient.stack.ports import free_port
from ambient.stack.signals import interruptible, undisturbed
from ambient.stack.stack import Stack
from sessions.client import read_audio

SHIPPED_CALL = Path(__file__).parent / "call.flac"


class DemoFailed(Exception):
    """Something that the demo shows did not happen; the message says what."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "--audio-file", type=Path, default=SHIPPED_CALL, help="a recording of any common format"
    )
    options = parser.parse_args()
    console = Console(highlight=False)
    try:
        pcm = read_audio(str(options.audio_file))
    except (OSError, ValueError) as error:  # PyAV's errors are both
        console.print(f"[red]{options.audio_file} cannot be read as audio: {error}[/]")
        return 1
    if "PORT" not in os.environ:
        os.environ["PORT"] = str(free_port())
    try:
        stack = Stack(conf.load(), say=lambda line: console.print(f"[dim]· {line}[/]"))
    except EnvError as error:
        console.print(f"[red]Configuration: {error}[/]")
        return 1
    try:
        with interruptible():
            stack.start()
            console.print(f"[dim]· ready at {stack.address}[/]\n")
            asyncio.run(_show(stack, pcm, options.audio_file, console))
    except (StackError, DemoFailed) as error:
        console.print(f"\n[bold red]{error}[/]")
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        with undisturbed():
            console.print("[dim]· stopping[/]")
            stack.stop()
    return 0


async def _show(stack: Stack, pcm: bytes, audio: Path, console: Console) -> None:
    shipped = audio == SHIPPED_CALL
    heard = await stream_call(stack, pcm, console, title="a shipped call" if shipped else audio.name)
    if not heard.finals:
        raise DemoFailed(
            "No words came: there is no speech in the recording, or the recogniser did not read it."
        )
    if not heard.ended:
        raise DemoFailed("The session did not end in order.")
    conversation = await follow_analysis(stack, heard.conversation_id, console)
    await show_result(stack, conversation, console)
    unfinished = [stage["name"] for stage in conversation["run"]["stages"] if stage["status"] == "failed"]
    if conversation["status"] != "completed" or unfinished:
        raise DemoFailed(
            f"The analysis is {conversation['status']}; failed: {', '.join(unfinished) or 'none'}"
        )


if __name__ == "__main__":
    sys.exit(main())
