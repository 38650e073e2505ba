"""The third act: what the system says of the call, each claim with its evidence."""

from __future__ import annotations

from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ambient.demo.analysis import rest_client
from ambient.stack.stack import Stack
from transcription.analysis.quality import GROUPS, LABELS

DEFAULT_ADDRESS = "http://127.0.0.1:8000"
"""Where `make up` listens where nothing else is set."""


async def show_result(stack: Stack, conversation: dict[str, Any], console: Console) -> None:
    """Print speakers, entities, category, answers, quality, summary, and the addresses to look at."""
    address = f"/conversations/{conversation['id']}"
    async with rest_client(stack) as client:
        entities = await _every(client, f"{address}/entities")
        questions = await _every(client, f"{address}/questions")
        quality = (await client.get(f"{address}/quality")).raise_for_status().json()
    _speakers(conversation, console)
    _entities(entities, console)
    _category(conversation["classification"], console)
    _answers(questions, console)
    _quality(quality, console)
    _summary(conversation["summary"], console)
    _addresses(conversation, console)


async def _every(client: httpx.AsyncClient, address: str | None) -> list[dict[str, Any]]:
    """All pages of a list."""
    items: list[dict[str, Any]] = []
    while address:
        page = (await client.get(address)).raise_for_status().json()
        items += page["results"]
        address = page["next"]
    return items


def _grid() -> Table:
    return Table.grid(padding=(0, 2))


def _speakers(conversation: dict[str, Any], console: Console) -> None:
    console.print("\n\n[bold]Who spoke[/]")
    table = _grid()
    for speaker in conversation["speakers"]:
        share = f"{speaker['talk_ratio']:.0%}" if speaker["talk_ratio"] is not None else "–"
        table.add_row(
            f"  {speaker['label']}",
            escape(speaker["name"] or ""),
            f"{speaker['total_talk_time']:.1f} s",
            share,
            f"{speaker['num_turns']} turn{'' if speaker['num_turns'] == 1 else 's'}",
        )
    console.print(table)


def _entities(entities: list[dict[str, Any]], console: Console) -> None:
    console.print("\n[bold]Named[/]")
    by_label: dict[str, list[str]] = {}
    for entity in entities:
        known = by_label.setdefault(entity["label"], [])
        if entity["text"] not in known:
            known.append(entity["text"])
    table = _grid()
    for label, texts in by_label.items():
        table.add_row(f"  {label}", escape(", ".join(texts)))
    console.print(table if by_label else "  nothing")


def _category(found: dict[str, Any] | None, console: Console) -> None:
    console.print("\n[bold]Category[/]")
    if not found or not found["main_category"]:
        console.print("  none fits")
        return
    names = [found["main_category"], found["sub_category"], found.get("sub_category_2")]
    console.print(f"  {escape(' › '.join(name for name in names if name))}")
    console.print(f"  priority {found['priority'] or '–'}, intervention {found['intervention'] or '–'}")


def _answers(questions: list[dict[str, Any]], console: Console) -> None:
    console.print("\n[bold]Asked and answered[/]")
    table = _grid()
    for item in questions:
        if item["status"] == "answered":
            quote = item["evidence"][0]
            table.add_row(
                f"  {escape(item['question'])}",
                f"[green]{escape(item['answer'])}[/]",
                f"[dim]{quote['start']:.0f} s: “{escape(quote['quote'])}”[/]",
            )
        else:
            table.add_row(f"  {escape(item['question'])}", "[dim]not found[/]", "")
    console.print(table)


def _quality(quality: dict[str, Any], console: Console) -> None:
    console.print("\n[bold]How good the call was[/]")
    table = _grid()
    for group in GROUPS:
        for index, metric in enumerate(quality[group]):
            colour = {"✓": "green", "✗": "red"}.get(metric["score"], "dim")
            evidence = f"“{escape(metric['evidence'][0]['quote'])}”" if metric["evidence"] else ""
            table.add_row(
                f"  {group if index == 0 else ''}",
                f"[{colour}]{metric['score']}[/]",
                LABELS[metric["submetric"]],
                f"[dim]{evidence}[/]",
            )
    console.print(table)


def _summary(summary: dict[str, Any] | None, console: Console) -> None:
    console.print("\n[bold]Summary[/]")
    if not summary:
        console.print("  none")
        return
    console.print(f"  {escape(summary['text'])}")
    for title, items in (("decided", summary["decisions"]), ("to do", summary["action_items"])):
        for item in items:
            console.print(f"  [cyan]{title:>7}[/]  {escape(item['text'])}")


def _addresses(conversation: dict[str, Any], console: Console) -> None:
    console.print(
        "\n[bold]To look at it[/] (start the stack again with [bold]make up[/]; it finds this call)"
    )
    for path, what in (
        (f"/conversations/{conversation['id']}", "the conversation: words, sound, findings"),
        ("/admin/realtime/realtimesession/", "live sessions and their timings"),
        (f"/api/v1/conversations/{conversation['id']}", "the same as JSON"),
        ("/", "speak yourself"),
    ):
        console.print(f"  {DEFAULT_ADDRESS}{path}  [dim]{what}[/]", soft_wrap=True)
    console.print("  [dim]sign in to /admin/ as[/] ambient [dim]with the key that make up prints[/]\n")
