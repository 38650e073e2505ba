"""Numbered frames: whatever the network does with them, the stream is whole and its times are true."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from sessions.media_order import (
    MAX_WAIT_S,
    MAX_WAITING_BYTES,
    MAX_WAITING_FRAMES,
    Gap,
    MediaOrder,
    Misplaced,
    Piece,
)
from sessions.meter import meter_of
from transcription.audio.formats import AudioFormat


def heard(pieces: Sequence[Piece]) -> bytes:
    return b"".join(
        bytes(p.length) if isinstance(p, Gap) else p for p in pieces if not isinstance(p, Misplaced)
    )


def test_doubles_are_dropped() -> None:
    """A seq that was heard, and one that waits, are not taken again."""
    order = MediaOrder(meter_of(AudioFormat()))
    assert order.take(0, 0, b"aaaa", 0.0) == [b"aaaa"]
    assert order.take(0, 0, b"zzzz", 0.0) == []
    assert order.take(2, 4, b"cccc", 0.0) == []
    assert order.take(2, 4, b"zzzz", 0.0) == []
    assert order.take(1, 2, b"bbbb", 0.0) == [b"bbbb", b"cccc"]


def test_a_late_frame_is_waited_for_and_then_given_up() -> None:
    """After 2 s the gap is reported and silent up to the offset; a frame that comes later is dropped."""
    order = MediaOrder(meter_of(AudioFormat()))
    order.take(0, 0, b"aaaa", 0.0)
    order.take(3, 6, b"dddd", 1.0)
    assert order.due_s == 1.0 + MAX_WAIT_S
    assert order.overdue(2.9) == []
    assert order.overdue(3.0) == [Gap(8, (1, 2)), b"dddd"]
    assert order.due_s is None
    assert order.take(1, 2, b"bbbb", 3.1) == []


def test_only_so_many_frames_wait() -> None:
    """The 65th frame that would wait gives the missing one up."""
    order = MediaOrder(meter_of(AudioFormat("mulaw")))
    for seq in range(1, MAX_WAITING_FRAMES + 1):
        assert order.take(seq, seq, b"x", 0.0) == []
    over = MAX_WAITING_FRAMES + 1
    assert order.take(over, over, b"x", 0.0) == [Gap(1, (0, 0)), *[b"x"] * over]


def test_only_so_many_bytes_wait() -> None:
    """One byte over 1 MiB gives the missing frame up."""
    order = MediaOrder(meter_of(AudioFormat("mulaw")))
    half = bytes(MAX_WAITING_BYTES // 2)
    assert order.take(1, 1, half, 0.0) == order.take(2, 1 + len(half), half, 0.0) == []
    assert order.take(3, 1 + 2 * len(half), b"x", 0.0) == [Gap(1, (0, 0)), half, half, b"x"]


def test_samples_missing_between_frames_in_turn() -> None:
    """An offset later than the end of what came is a gap; half a sample is none."""
    order = MediaOrder(meter_of(AudioFormat()))
    assert order.take(0, 0, b"aaa", 0.0) == [b"aaa"]
    assert order.take(1, 2, b"b", 0.0) == [b"b"]
    assert order.take(2, 5, b"cc", 0.0) == [Gap(6, None), b"cc"]


def test_an_offset_that_goes_back() -> None:
    """Such a frame is left out and said to be; what waits behind it is heard."""
    order = MediaOrder(meter_of(AudioFormat()))
    order.take(0, 0, b"aaaa", 0.0)
    order.take(2, 2, b"cccc", 0.0)
    assert order.take(1, 0, b"bbbb", 0.0) == [Misplaced(1), b"cccc"]


@given(st.data())
def test_any_order_and_any_loss(data: st.DataObject) -> None:
    """However frames are shuffled, doubled and lost, the stream is heard with silence for the lost."""
    count = data.draw(st.integers(1, 12))
    sent = [bytes([seq + 1] * 4) for seq in range(count)]
    last = data.draw(st.integers(0, count - 1))
    kept = data.draw(st.sets(st.integers(0, last))) | {last}
    arriving = data.draw(st.permutations([*kept, *data.draw(st.lists(st.sampled_from(sorted(kept))))]))
    order = MediaOrder(meter_of(AudioFormat()))
    pieces: list[Piece] = []
    for seq in arriving:
        pieces += order.take(seq, 2 * seq, sent[seq], 0.0)
    pieces += order.finish()
    assert heard(pieces) == b"".join(sent[seq] if seq in kept else bytes(4) for seq in range(last + 1))
    gaps = [range(p.frames[0], p.frames[1] + 1) for p in pieces if isinstance(p, Gap) and p.frames]
    assert {seq for gap in gaps for seq in gap} == set(range(last + 1)) - kept
