"""Transcripts as documents: what goes out can be read back."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from conversations.exports import Words, to_srt, to_text, to_transcript, to_vtt
from conversations.models import Conversation, Segment
from tests.conversations.conftest import Caller
from transcription.models import Transcript

CUE_TIMES = re.compile(r"(\d{2,}):(\d\d):(\d\d)[.,](\d{3}) --> (\d{2,}):(\d\d):(\d\d)[.,](\d{3})")

said = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60)
rows = st.lists(
    st.tuples(
        st.floats(0, 50_000), st.floats(0, 15), said, st.sampled_from(["", "SPEAKER_00", "SPEAKER_01"])
    ),
    max_size=8,
)


def words_from(given_rows: list[tuple[float, float, str, str]], source: str = "upload") -> Words:
    segments = [
        Segment(number=number, start_s=start, end_s=start + length, text=text, speaker_label=label)
        for number, (start, length, text, label) in enumerate(given_rows)
    ]
    return Words(
        conversation=Conversation(id=uuid4(), source=source, language="en"),
        version="final",
        run_number=1,
        segments=segments,
        speaker_names={"SPEAKER_00": "", "SPEAKER_01": "Asha <b>"},
    )


@given(rows)
def test_subtitles_have_one_cue_a_segment_whatever_was_said(
    given_rows: list[tuple[float, float, str, str]],
) -> None:
    """No text ends a cue early or looks like a time line: one with a length for each segment with words."""
    words = words_from(given_rows)
    for document in (to_srt(words), to_vtt(words).removeprefix("WEBVTT\n\n")):
        blocks = [block for block in document.split("\n\n") if block]
        assert len(blocks) == sum(bool(text.strip()) for _, _, text, _ in given_rows)
        for block in blocks:
            _, times, *text = block.split("\n")
            match = CUE_TIMES.fullmatch(times)
            assert match is not None
            assert len(text) == 1
            assert "-->" not in "".join(text)
            h1, m1, s1, ms1, h2, m2, s2, ms2 = map(int, match.groups())
            assert ((h1 * 60 + m1) * 60 + s1) * 1000 + ms1 < ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2


@given(rows)
def test_the_v2_document_reads_back_as_it_was(given_rows: list[tuple[float, float, str, str]]) -> None:
    """`Transcript.from_json` of a v2 export has the same segments, times to the millisecond."""
    transcript = to_transcript(words_from(given_rows))
    document = transcript.to_json()
    back = Transcript.from_json(document)
    assert back.to_json() == document
    assert [segment.text for segment in back.segments] == [row[2] for row in given_rows]


def test_text_has_a_paragraph_for_each_turn() -> None:
    """Consecutive segments of one speaker stand together, led by the name where there is one."""
    words = words_from(
        [
            (0, 1, "one", "SPEAKER_01"),
            (1, 1, "two", "SPEAKER_01"),
            (2, 1, "three", "SPEAKER_00"),
            (3, 1, "x", ""),
        ]
    )
    assert to_text(words) == "Asha <b>: one two\nSPEAKER_00: three\nx\n"


@pytest.mark.parametrize(
    ("export", "content_type", "expected"),
    [
        ("srt", "application/x-subrip", "3\n00:00:02,000 --> 00:00:03,000\nSPEAKER_00: how can <i>"),
        (
            "vtt",
            "text/vtt",
            "2\n00:00:02.000 --> 00:00:03.000\n<v SPEAKER_00>how can &lt;i&gt; help &amp; --&gt;",
        ),
        ("text", "text/plain", "Asha: my name is asha\n"),
    ],
)
def test_exports_come_with_their_types(
    conversation: Conversation, caller: Caller, export: str, content_type: str, expected: str
) -> None:
    """`?format=` gives the document with its media type, whatever `Accept` says."""
    response = caller(conversation.owner).get(
        f"/api/v1/conversations/{conversation.pk}/transcript?format={export}", headers={"accept": "image/png"}
    )
    assert response.headers["Content-Type"] == f"{content_type}; charset=utf-8"
    assert expected in response.content.decode()


def test_an_unknown_format_is_named(conversation: Conversation, owner: User, caller: Caller) -> None:
    """A format that does not exist is a mistake in the field `format`."""
    response = caller(owner).get(f"/api/v1/conversations/{conversation.pk}/transcript?format=docx")
    assert response.status_code == 400
    assert "format" in response.json()["error"]["details"]
