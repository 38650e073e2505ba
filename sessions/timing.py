"""A picture of where the time of each chunk went, as SVG bars from receipt to sending."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

STEPS = (
    ("received → queued", "#9ca3af"),
    ("queued → started", "#f59e0b"),
    ("started → decoded", "#2563eb"),
    ("decoded → committed", "#0d9488"),
    ("committed → sent", "#a855f7"),
)
"""Colours told apart with every common kind of colour blindness by their lightness; titles name them too."""
WIDTH = 900
LEFT = 40
RIGHT = 80
BAR_HEIGHT = 14
ROW_HEIGHT = 18


@dataclass(frozen=True, slots=True)
class Timing:
    """`marks_s`: Unix seconds of received, queued, started, decoded, committed, sent; None where the chunk
    did not pass that step or it has not been written down."""

    label: str
    marks_s: tuple[float | None, ...]

    def spans_ms(self) -> list[tuple[int, float, float]]:
        """(step, start, length) of each step whose two ends are known, from the receipt on. A decode may be
        queued before the last audio that its final covers; such a step counts from the receipt."""
        received_s = self.marks_s[0]
        if received_s is None:
            return []
        offsets = [None if mark is None else max(0.0, (mark - received_s) * 1000) for mark in self.marks_s]
        return [
            (step, earlier, later - earlier)
            for step, (earlier, later) in enumerate(pairwise(offsets))
            if earlier is not None and later is not None and later >= earlier
        ]


def picture(timings: Sequence[Timing]) -> SafeString:
    """One bar a chunk, all to one scale; the total stands at its end."""
    ends = [start + length for timing in timings for _, start, length in timing.spans_ms()]
    if not ends:
        return format_html('<span class="ambient-none">{}</span>', "Nothing has been measured yet.")
    pixels_per_ms = (WIDTH - LEFT - RIGHT) / max(*ends, 1.0)
    legend = format_html_join(
        "",
        '<span><svg viewBox="0 0 1 1" aria-hidden="true"><path d="M0 0h1v1H0z" fill="{}"/></svg>{}</span>',
        ((colour, name) for name, colour in STEPS),
    )
    bars = format_html_join(
        "", "{}", ((_bar(row, timing, pixels_per_ms),) for row, timing in enumerate(timings))
    )
    return format_html(
        '<p class="ambient-legend">{}</p><svg class="ambient-timing" viewBox="0 0 {} {}" role="img" '
        'aria-label="Milliseconds from the receipt of the last audio of each chunk to its sending">{}</svg>',
        legend,
        WIDTH,
        len(timings) * ROW_HEIGHT,
        bars,
    )


def _bar(row: int, timing: Timing, pixels_per_ms: float) -> SafeString:
    top = row * ROW_HEIGHT
    spans = timing.spans_ms()
    total_ms = max((start + length for _, start, length in spans), default=0.0)
    pieces = format_html_join(
        "",
        '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"><title>{}: {} ms</title></rect>',
        (
            (
                f"{LEFT + start * pixels_per_ms:.1f}",
                top + 2,
                f"{max(length * pixels_per_ms, 0.5):.1f}",
                BAR_HEIGHT,
                STEPS[step][1],
                STEPS[step][0],
                f"{length:.1f}",
            )
            for step, start, length in spans
        ),
    )
    return format_html(
        '<text x="{}" y="{}" text-anchor="end">{}</text>{}<text x="{}" y="{}">{}</text>',
        LEFT - 6,
        top + 13,
        timing.label,
        pieces,
        f"{LEFT + total_ms * pixels_per_ms + 6:.1f}",
        top + 13,
        f"{total_ms:.0f} ms" if spans else "not measured",
    )
