"""What a session says, through a real Redis: a state, everything after it, and what is torn is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisGone

from sessions import feed as feeds
from sessions.feed import Feed, state_key, stream_key
from sessions.following import Said, State, Torn, changed_since, follow, state_of
from sessions.protocols.stream_bodies import Body

SESSION = "fed"


def segment(number: int, revision: int = 1, *, partial: bool = True, text: str = "") -> Body:
    body = {"id": number, "text": text or f"r{revision}", "partial": partial, "revision": revision}
    return {"type": "partial_segment" if partial else "segment_finalized", "segment": body}


def turn(number: int, revision: int = 1) -> Body:
    return {"type": "turn_updated", "turn": {"id": number, "partial": True, "revision": revision}}


DONE: Body = {"type": "done", "session_id": SESSION, "events_sent": 0}


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = Redis.from_url(settings.REDIS_URL)
    await client.delete(stream_key(SESSION), state_key(SESSION))
    yield client
    await client.aclose()


async def next_news(redis: Redis, seq: int | None) -> list[Said]:
    return await anext(follow(redis, SESSION, seq))


async def test_a_state_and_what_comes_after_it(redis: Redis, transactional_db: None) -> None:
    """The state has the latest of every item; from its seq on nothing is missing and nothing comes twice."""
    feed = Feed(redis)
    feed.publish(SESSION, 1, [segment(0)])
    await feed.flush()
    feed.publish(SESSION, 2, [segment(0, 2, partial=False), segment(1)])
    await feed.flush()
    state = await state_of(redis, SESSION)
    assert [(item, said.seq) for item, said in state.items.items()] == [("segment:0", 2), ("segment:1", 3)]
    assert state.items["segment:0"].body == {"seq": 2, **segment(0, 2, partial=False)}
    assert state.seq == 3
    feed.publish(SESSION, 4, [segment(1, 2)])
    feed.publish(SESSION, 7, [DONE])
    await feed.flush()
    news = await next_news(redis, state.seq)
    assert [said.seq for said in news] == [4, 7]
    assert news[-1].body["events_sent"] == 8
    assert [said.seq for said in await changed_since(redis, SESSION, 2)] == [4, 7]


async def test_who_came_first_sees_the_first(redis: Redis, transactional_db: None) -> None:
    """A state may be taken before anything was said."""
    state = await state_of(redis, SESSION)
    assert state == State(None, {})
    feed = Feed(redis)
    feed.publish(SESSION, 1, [segment(0)])
    await feed.flush()
    assert [said.seq for said in await next_news(redis, state.seq)] == [1]


async def test_what_gives_way_is_never_written(redis: Redis, transactional_db: None) -> None:
    """Of an item's messages that wait only the newest goes out, and every final does."""
    feed = Feed(redis)
    for revision in range(1, 50):
        feed.publish(SESSION, revision, [segment(0, revision)])
    feed.publish(SESSION, 50, [segment(0, 50, partial=False), segment(1, 1, partial=False)])
    await feed.flush()
    assert [said.seq for said in await next_news(redis, None)] == [50, 51]


async def test_a_slow_reader_takes_the_state_again(redis: Redis, transactional_db: None) -> None:
    """A stream keeps so much and no more; a reader that is further behind is told, not left with a hole."""
    feed = Feed(redis)
    feed.publish(SESSION, 1, [segment(0)])
    await feed.flush()
    reader = follow(redis, SESSION, None)
    assert [said.seq for said in await anext(reader)] == [1]
    for number in range(2, 1000):
        feed.publish(SESSION, number, [segment(number, partial=False)])
    await feed.flush()
    assert await redis.xlen(stream_key(SESSION)) < 2 * feeds.STREAM_LENGTH
    with pytest.raises(Torn):
        await anext(reader)
    assert len((await state_of(redis, SESSION)).items) == 999


async def test_redis_loses_its_memory(redis: Redis, transactional_db: None) -> None:
    """A reader takes the state again, and what is open is in it again; only finals are left to the rows."""
    feed = Feed(redis)
    feed.publish(SESSION, 1, [turn(0), segment(0, partial=False), segment(1)])
    await feed.flush()
    await redis.delete(stream_key(SESSION), state_key(SESSION))
    feed.publish(SESSION, 4, [segment(1, 2)])
    await feed.flush()
    with pytest.raises(Torn):
        await next_news(redis, 3)
    state = await state_of(redis, SESSION)
    assert [(item, said.seq) for item, said in state.items.items()] == [("turn:0", 1), ("segment:1", 4)]
    assert state.seq == 4


class LostOnce(Redis):
    """Loses a connection after the server has taken what was sent."""

    lost = 0

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Any:
        pipeline = super().pipeline(transaction=transaction)
        if self.lost:
            return pipeline
        self.lost += 1
        execute = pipeline.execute

        async def broken(*args: Any, **kwargs: Any) -> Any:
            await execute(*args, **kwargs)
            raise RedisGone

        pipeline.execute = broken  # type: ignore[method-assign]
        return pipeline


async def test_an_answer_that_was_lost_doubles_nothing(redis: Redis, transactional_db: None) -> None:
    """What was sent and not confirmed is sent again, with what has come since, and is there once."""
    flaky: LostOnce = LostOnce.from_url(settings.REDIS_URL)  # type: ignore[assignment]  # typed as its base
    feed = Feed(flaky)
    feed.publish(SESSION, 1, [segment(0, 1), segment(1, 1, partial=False)])
    writer = asyncio.create_task(feed.write())
    while not flaky.lost:  # noqa: ASYNC110 - the first attempt has no event
        await asyncio.sleep(0.01)
    feed.publish(SESSION, 3, [segment(0, 2, partial=False)])
    reader = follow(redis, SESSION, None)
    seen: list[int | None] = []
    while len(seen) < 3:
        seen += [said.seq for said in await anext(reader)]
    assert seen == [1, 2, 3]
    writer.cancel()
    await asyncio.gather(writer, return_exceptions=True)
    await flaky.aclose()


async def test_nothing_grows_while_redis_is_away(
    redis: Redis, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Past a bound the oldest is left out, and the reader of that session is told that it has a hole."""
    monkeypatch.setattr(feeds, "MAX_WAITING", 10)
    feed = Feed(redis)
    feed.publish(SESSION, 1, [segment(0, partial=False)])
    await feed.flush()
    for number in range(1, 31):
        feed.publish(SESSION, number + 1, [segment(number, partial=False)])
    await feed.flush()
    assert await redis.xlen(stream_key(SESSION)) == 10
    with pytest.raises(Torn):
        await next_news(redis, 1)


async def test_who_has_lost_the_session_changes_nothing(redis: Redis, transactional_db: None) -> None:
    """What an earlier holder still sends has a seq below those of the one after it, and is left out."""
    earlier, later = Feed(redis), Feed(redis)
    later.publish(SESSION, 1000, [segment(0, 5)])
    await later.flush()
    earlier.publish(SESSION, 6, [segment(0, 4)])
    await earlier.flush()
    assert (await state_of(redis, SESSION)).items["segment:0"].body["segment"]["revision"] == 5
    assert [said.seq for said in await next_news(redis, None)] == [1000]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), max_size=40))
def test_a_state_and_events_equal_the_state_later(said: list[tuple[int, bool, bool]]) -> None:
    """Whenever a state is taken and whatever was coalesced, it and the events after it make the state that
    can be taken at the end (the item's latest message)."""

    async def run() -> None:
        redis = Redis.from_url(settings.REDIS_URL)
        await redis.delete(stream_key("law"), state_key("law"))
        feed = Feed(redis)
        revisions: dict[int, int] = {}
        finals: set[int] = set()
        taken: list[dict[bytes, bytes]] = []
        positions: list[bytes | None] = []
        for seq, (number, final, flushes) in enumerate(said, start=1):
            if number in finals:
                continue
            revisions[number] = revisions.get(number, 0) + 1
            finals |= {number} if final else set()
            feed.publish("law", seq, [segment(number, revisions[number], partial=not final)])
            if flushes:
                await feed.flush()
                raw: Any = await redis.hgetall(state_key("law"))
                positions.append(raw.pop(b"last", None))
                taken.append(raw)
        await feed.flush()
        end: Any = await redis.hgetall(state_key("law"))
        end.pop(b"last", None)
        for state, position in zip(taken, positions, strict=True):
            rebuilt: dict[Any, bytes] = dict(state)
            reader = follow(redis, "law", int(position) if position else None)
            entries: Any = await redis.xrevrange(stream_key("law"), count=1)
            newest = int(entries[0][0].split(b"-")[0]) if entries else 0
            while newest > int(position or 0):
                news = await anext(reader)
                for one in news:
                    rebuilt[f"segment:{one.body['segment']['id']}".encode()] = one.text.encode()
                if not news or news[-1].seq == newest:
                    break
            assert rebuilt == end
        await redis.aclose()

    asyncio.run(run())
