"""A server that speaks the chat completions API and says what a test gives it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from transcription.analysis.base import LlmEndpoint, StageEngineConfig


@dataclass
class Model:
    """`answers`: what is said, in turn, the last again and again: JSON, text as it is, or a status code."""

    answers: list[Any] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""
    finish_reason: str = "stop"

    def config(self, **options: Any) -> StageEngineConfig:
        options = {"max_retries": 0, "timeout_s": 5.0, **options}
        return StageEngineConfig(options=options, llm=LlmEndpoint(self.url, "some-model", "s3cret"))

    def next(self) -> Any:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    @property
    def last_prompt(self) -> str:
        return str(self.requests[-1]["messages"][1]["content"])


@pytest.fixture
def model() -> Iterator[Model]:
    said = Model()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            said.keys.append(self.headers["Authorization"])
            answer = said.next()
            if isinstance(answer, int):
                self.reply(answer, {"error": {"message": "no"}})
                return
            content = answer if isinstance(answer, str) else json.dumps(answer)
            choice = {
                "index": 0,
                "finish_reason": said.finish_reason,
                "message": {"role": "assistant", "content": content},
            }
            usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
            self.reply(
                200,
                {"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
                | {"usage": usage},
            )

        def reply(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    said.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield said
    server.shutdown()
    server.server_close()
    thread.join()
