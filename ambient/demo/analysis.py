"""The second act: the stages of the pipeline, as they go."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from rich.console import Console
from rich.live import Live
from rich.table import Table

from ambient.stack.stack import Stack

POLL_S = 0.3
TIME_LIMIT_S = 600.0
WORKING = frozenset({"pending", "processing"})
MARKS = {
    "succeeded": "[green]✓[/]",
    "failed": "[red]✗[/]",
    "skipped": "[dim]–[/]",
    "running": "[cyan]…[/]",
    "cancelled": "[yellow]×[/]",
}


def rest_client(stack: Stack) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=f"{stack.address}/api/v1", headers={"Authorization": f"Bearer {stack.key}"}, timeout=20
    )


async def follow_analysis(stack: Stack, conversation_id: str, console: Console) -> dict[str, Any]:
    """Show the stages until the run is over; the conversation as REST gives it then."""
    console.rule("[bold]What the call was about[/]")
    waited_s = 0.0
    async with rest_client(stack) as client:
        with Live(console=console, refresh_per_second=8) as live:
            while True:
                response = await client.get(f"/conversations/{conversation_id}")
                response.raise_for_status()
                conversation: dict[str, Any] = response.json()
                live.update(_stages(conversation))
                if conversation["status"] not in WORKING or waited_s > TIME_LIMIT_S:
                    return conversation
                await asyncio.sleep(POLL_S)
                waited_s += POLL_S


def _stages(conversation: dict[str, Any]) -> Table:
    table = Table.grid(padding=(0, 2))
    run = conversation["run"]
    for stage in run["stages"] if run else []:
        took = f"{stage['duration_ms'] / 1000:.1f} s" if stage["duration_ms"] is not None else ""
        note = stage["error"] or stage.get("skip_reason") or stage["engine"] or ""
        table.add_row(MARKS.get(stage["status"], " "), stage["name"], took, f"[dim]{note}[/]")
    return table
