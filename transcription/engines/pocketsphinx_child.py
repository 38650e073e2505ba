"""The child process of the embedded recogniser: `python -m transcription.engines.pocketsphinx_child FD`.

It speaks over one end of a socket pair with its parent, a request and an answer at a time, and ends when the
parent's end is gone, however the parent died. (A death signal would be tied to the thread that started it.)

    (key, start, pcm, is_final, warps)    ("words", [...], settled, complete, engine_ms), or
                                          ("missing",) where it has not the samples before `start`, or
                                          ("failed", message) with what pocketsphinx raised
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import OrderedDict
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from transcription.engines.pocketsphinx_utterance import UtteranceDecoder


class OpenUtterances:
    """Up to `limit` decoders, made when they are first needed; the utterance unused longest gives way."""

    def __init__(self, limit: int, options: dict[str, Any]) -> None:
        self._limit = limit
        self._options = options
        self._idle = [UtteranceDecoder(options)]
        self._made = 1
        self._by_key: OrderedDict[str, UtteranceDecoder] = OrderedDict()

    def get(self, key: str) -> UtteranceDecoder | None:
        if key in self._by_key:
            self._by_key.move_to_end(key)
        return self._by_key.get(key)

    def open(self, key: str) -> UtteranceDecoder:
        self.release(key)
        if self._idle:
            decoder = self._idle.pop()
        elif self._made < self._limit:
            decoder = UtteranceDecoder(self._options)
            self._made += 1
        else:
            decoder = self._by_key.popitem(last=False)[1]
        decoder.start()
        self._by_key[key] = decoder
        return decoder

    def release(self, key: str) -> None:
        decoder = self._by_key.pop(key, None)
        if decoder is not None:
            self._idle.append(decoder)


def answer(utterances: OpenUtterances, request: tuple[Any, ...]) -> tuple[Any, ...]:
    key, start, pcm, is_final, warps = request
    began = time.perf_counter()
    decoder = utterances.open(key) if start == 0 else utterances.get(key)
    if decoder is None or decoder.fed_samples != start:
        return ("missing",)
    decoder.feed(np.frombuffer(pcm, np.int16), warps)
    words = decoder.finish() if is_final else decoder.partial()
    if is_final:
        utterances.release(key)
    return ("words", words, decoder.settled, decoder.complete, (time.perf_counter() - began) * 1000)


def serve(connection: Connection, limit: int, options: dict[str, Any]) -> None:
    utterances = OpenUtterances(limit, options)
    connection.send(("ready",))
    while True:
        request = connection.recv()
        try:
            reply = answer(utterances, request)
        except RuntimeError as error:
            # The utterance's decoder is in a state that nobody knows: the next window starts it over.
            utterances.release(request[0])
            reply = ("failed", str(error))
        connection.send(reply)


def main() -> None:
    # Ctrl-C reaches the whole group; the parent, which may still want an answer, decides when this ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings = json.loads(sys.argv[2])
    try:
        serve(Connection(int(sys.argv[1])), settings["decoders"], settings["options"])
    except (EOFError, ConnectionError):
        return


if __name__ == "__main__":
    main()
