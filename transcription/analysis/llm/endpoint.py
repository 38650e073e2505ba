"""One endpoint, asked for JSON of a given shape.

The official client speaks to it, and tries again where that may help. What comes back is checked against the
shape; an answer of another shape is asked for once more with the fault named, and then the engine has failed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, TypeVar

from transcription.analysis.base import StageEngineConfig, Usage
from transcription.errors import EngineFailed, EngineUnavailable

TIMEOUT_S = 120.0
"""Of one request: a local model on a CPU writes a few tokens a second."""
MAX_RETRIES = 2
SHAPE_ATTEMPTS = 2
Shape = TypeVar("Shape")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A versioned file: what the model is told it is, then what it is asked."""

    name: str
    version: int
    system: str
    user: str

    @property
    def id(self) -> str:
        return f"{self.name}.v{self.version}"


def load_prompt(name: str, version: int) -> Prompt:
    """prompts/NAME.vN.md: the part for the system, a line of three dashes, the part for the user."""
    text = (files(__package__) / "prompts" / f"{name}.v{version}.md").read_text(encoding="utf-8")
    system, _, user = text.partition("\n---\n")
    return Prompt(name, version, system.strip(), user.strip())


class Endpoint:
    """Not thread-safe: a worker process does one stage at a time. Options: `timeout_s`, `max_retries`,
    `temperature` (default 0), `price_per_million_prompt_tokens`, `price_per_million_completion_tokens`."""

    def __init__(self, engine: str, config: StageEngineConfig) -> None:
        self._engine = engine
        self._llm = config.llm
        self._options = config.options
        self.model = config.model or (config.llm.model if config.llm else "")
        self._client: Any = None
        self._usage = Usage()

    def load(self) -> None:
        """Nothing is asked yet. Raises EngineUnavailable without an endpoint or its client."""
        if self._client is not None:
            return
        if self._llm is None or not self.model:
            raise EngineUnavailable(
                self._engine,
                "there is no endpoint",
                hint="Set AMBIENT_LLM_BASE_URL and AMBIENT_LLM_MODEL.",
            )
        try:
            import openai
        except ImportError as error:
            raise EngineUnavailable(
                self._engine, str(error), hint="Install it: pip install openai."
            ) from error
        self._client = openai.OpenAI(
            base_url=self._llm.base_url,
            api_key=self._llm.api_key or "none",  # the client insists on one; a local server takes any
            timeout=float(self._options.get("timeout_s", TIMEOUT_S)),
            max_retries=int(self._options.get("max_retries", MAX_RETRIES)),
        )

    def take_usage(self) -> Usage:
        """What was used since it was last asked."""
        usage, self._usage = self._usage, Usage()
        return usage

    def drop_claims(self, count: int) -> None:
        self._usage = replace(self._usage, claims_dropped=self._usage.claims_dropped + count)

    def ask(self, prompt: Prompt, shape: type[Shape], **values: str) -> Shape:
        """`shape`: a pydantic model. `values` take the places of {names} in the prompt's user part.

        Raises EngineFailed; retryable where the endpoint is busy, slow or not there.
        """
        from pydantic import ValidationError

        messages = [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": _filled(prompt.user, values)},
        ]
        schema: Any = shape
        fault = ""
        for _ in range(SHAPE_ATTEMPTS):
            said = self._complete(messages, prompt.name, schema.model_json_schema())
            try:
                answer: Shape = schema.model_validate_json(_json_in(said))
                return answer
            except ValidationError as error:
                fault = "; ".join(
                    f"{'.'.join(map(str, item['loc'])) or 'the answer'}: {item['msg']}"
                    for item in error.errors(include_url=False, include_input=False)[:5]
                )
            messages += [
                {"role": "assistant", "content": said},
                {
                    "role": "user",
                    "content": f"That is not the JSON that was asked for ({fault}). Give it again.",
                },
            ]
        raise EngineFailed(
            self._engine, f"the answer to {prompt.id} has another shape: {fault}", retryable=False
        )

    def _complete(self, messages: list[dict[str, str]], name: str, schema: dict[str, Any]) -> str:
        if self._client is None:
            raise EngineFailed(self._engine, "load() was not called", retryable=False)
        import openai

        try:
            reply = self._client.chat.completions.create(
                model=self.model,
                messages=messages,
                temperature=float(self._options.get("temperature", 0.0)),
                response_format={"type": "json_schema", "json_schema": {"name": name, "schema": schema}},
            )
        except (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError) as error:
            raise EngineFailed(self._engine, _said(error), retryable=True) from error
        except openai.OpenAIError as error:
            raise EngineFailed(self._engine, _said(error), retryable=False) from error
        self._count(reply.usage)
        choice = reply.choices[0] if reply.choices else None
        if choice is None or not choice.message.content:
            raise EngineFailed(self._engine, "the endpoint answered nothing", retryable=True)
        if choice.finish_reason == "length":
            raise EngineFailed(
                self._engine,
                "the endpoint cut its answer off; give it a longer limit, or set max_chars lower",
                retryable=False,
            )
        return str(choice.message.content)

    def _count(self, used: Any) -> None:
        prompt = _sum(self._usage.prompt_tokens, getattr(used, "prompt_tokens", None))
        completion = _sum(self._usage.completion_tokens, getattr(used, "completion_tokens", None))
        prices = [self._options.get(f"price_per_million_{kind}_tokens") for kind in ("prompt", "completion")]
        cost = None
        if None not in (prompt, completion, *prices):
            cost = (prompt * float(prices[0]) + completion * float(prices[1])) / 1e6  # type: ignore[operator,arg-type]
        self._usage = replace(
            self._usage,
            requests=self._usage.requests + 1,
            prompt_tokens=prompt,
            completion_tokens=completion,
            cost=cost,
        )


def _filled(template: str, values: dict[str, str]) -> str:
    """Each {name} replaced once: what people said may hold braces, and is not looked through again."""
    pieces = []
    for piece in template.split("{"):
        name, brace, rest = piece.partition("}")
        pieces.append(values[name] + rest if brace and name in values else "{" + piece)
    return "".join(pieces).removeprefix("{")


def _json_in(said: str) -> str:
    """Servers without structured output like to wrap JSON in a fence, or in a sentence."""
    begin, end = said.find("{"), said.rfind("}")
    candidate = said[begin : end + 1]
    try:
        json.loads(candidate)
    except ValueError:
        return said
    return candidate


def _sum(total: int | None, more: int | None) -> int | None:
    return total if more is None else (total or 0) + more


def _said(error: Exception) -> str:
    """Without the body of the answer: it may repeat the prompt, and with it the talk."""
    status = getattr(error, "status_code", None)
    return f"{type(error).__name__}{f' ({status})' if status else ''}"
