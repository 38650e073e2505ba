"""What a conversation's admin page shows. Each table holds its first rows and a way to the rest."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from conversations.admin.base import all_of, badge, clock, percent, table
from conversations.models import Answer, Conversation, Entity, Segment, Stage
from conversations.selectors import (
    LIVE_RUN_NUMBER,
    latest_run,
    segments_of,
    speakers_of,
    stage_result,
    version_number,
    why_no_result,
)

ROWS_SHOWN = 60


def stages(conversation: Conversation) -> SafeString:
    run = latest_run(conversation)
    rows = (
        (
            stage.get_name_display(),
            badge(stage.status),
            " ".join(filter(None, (stage.engine, stage.model, stage.engine_version))) or "–",
            stage.attempts,
            "–" if stage.duration_ms is None else f"{stage.duration_ms:,} ms",
            format_html('<span class="ambient-error">{}</span>', stage.error)
            if stage.error
            else stage.skip_reason,
        )
        for stage in (run.stages.all() if run else ())
    )
    headers = ("stage", "state", "engine", "attempts", "took", "why")
    head = format_html("<p>Run {}: {}</p>", run.number, badge(run.status)) if run else ""
    return format_html("{}{}", head, table(headers, rows, empty="No run yet."))


def speakers(conversation: Conversation) -> SafeString:
    rows = (
        (s.label, s.name or "–", clock(s.talk_time_s), percent(s.talk_ratio), s.num_turns)
        for s in speakers_of(conversation, version_number(conversation))
    )
    return table(("label", "name", "talk time", "of all speech", "turns"), rows, empty="Not known.")


def segments(conversation: Conversation) -> SafeString:
    number = version_number(conversation)
    names = {s.label: s.name or s.label for s in speakers_of(conversation, number)}
    shown = list(segments_of(conversation, number)[: ROWS_SHOWN + 1])
    rows = (
        (
            s.number,
            clock(s.start_s),
            names.get(s.speaker_label, s.speaker_label) or "–",
            format_html("{} <em>(heard: {})</em>", s.text, s.original_text) if s.is_corrected else s.text,
            percent(s.confidence),
        )
        for s in shown[:ROWS_SHOWN]
    )
    version = "live" if number == LIVE_RUN_NUMBER else f"final, run {number}"
    return format_html(
        "<p>Version: {}</p>{}{}",
        version,
        table(("n", "at", "speaker", "text", "confidence"), rows, empty="No words."),
        _more(Segment, len(shown), "All segments", conversation__id__exact=conversation.pk),
    )


def entities(conversation: Conversation) -> SafeString:
    shown = list(conversation.entities.filter(run_number=version_number(conversation))[: ROWS_SHOWN + 1])
    rows = ((e.label, e.text, e.segment_number, percent(e.confidence)) for e in shown[:ROWS_SHOWN])
    return format_html(
        "{}{}",
        table(
            ("label", "text", "segment", "confidence"), rows, empty=_why_none(conversation, Stage.ENTITIES)
        ),
        _more(Entity, len(shown), "All entities", conversation__id__exact=conversation.pk),
    )


def answers(conversation: Conversation) -> SafeString:
    shown = list(conversation.answers.filter(run_number=version_number(conversation))[: ROWS_SHOWN + 1])
    rows = (
        (a.question, a.answer or badge("none", "not found"), quotes(a.evidence), percent(a.confidence))
        for a in shown[:ROWS_SHOWN]
    )
    return format_html(
        "{}{}",
        table(
            ("question", "answer", "evidence", "confidence"), rows, empty=_why_none(conversation, Stage.QA)
        ),
        _more(Answer, len(shown), "All answers", conversation__id__exact=conversation.pk),
    )


def quality(conversation: Conversation) -> SafeString:
    row = stage_result(conversation, Stage.QUALITY)
    groups: dict[str, list[dict[str, Any]]] = row.output if row and isinstance(row.output, dict) else {}
    rows = (
        (
            group,
            metric["submetric"],
            metric["score"],
            percent(metric["probability"]),
            quotes(metric["evidence"]),
        )
        for group, metrics in groups.items()
        for metric in metrics
    )
    headers = ("group", "sub-metric", "score", "probability", "evidence")
    return table(headers, rows, empty=_why_none(conversation, Stage.QUALITY))


def classification(conversation: Conversation) -> SafeString:
    row = stage_result(conversation, Stage.CLASSIFICATION)
    output: dict[str, Any] = row.output if row and isinstance(row.output, dict) else {}
    names = ("main_category", "sub_category", "sub_category_2", "intervention", "priority", "confidence")
    rows = (
        (name.replace("_", " "), percent(output[name]) if name == "confidence" else output[name])
        for name in names
        if output.get(name) is not None
    )
    return table(("what", "found"), rows, empty=_why_none(conversation, Stage.CLASSIFICATION))


def summary(conversation: Conversation) -> SafeString:
    row = stage_result(conversation, Stage.SUMMARY)
    if row is None or not isinstance(row.output, dict):
        return format_html('<span class="ambient-none">{}</span>', _why_none(conversation, Stage.SUMMARY))
    items = [
        *(("decision", item["text"]) for item in row.output.get("decisions", ())),
        *(("action", item["text"]) for item in row.output.get("action_items", ())),
    ]
    return format_html(
        "<p>{}</p><ul>{}</ul>", row.output["text"], format_html_join("", "<li><b>{}</b> {}</li>", items)
    )


def recording(conversation: Conversation) -> SafeString:
    if not conversation.audio:
        return format_html('<span class="ambient-none">{}</span>', "There is no recording.")
    address = reverse("api:conversation-audio", kwargs={"conversation_id": conversation.pk})
    return format_html('<audio controls preload="none" src="{}"></audio>', address)


def quotes(evidence: list[dict[str, Any]]) -> SafeString:
    rows = ((item["segment_id"], item["quote"]) for item in evidence[:3])
    return format_html_join("", "<div>{}: “{}”</div>", rows)


def _more(model: type[Segment | Entity | Answer], count: int, label: str, **filters: Any) -> SafeString | str:
    return all_of(model, label, **filters) if count > ROWS_SHOWN else ""


def _why_none(conversation: Conversation, stage: Stage) -> str:
    if stage_result(conversation, stage) is not None:
        return "Nothing was found."
    return why_no_result(conversation, stage)
