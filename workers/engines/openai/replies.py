"""What an OpenAI-compatible server sends back, as far as it is looked at."""

from typing import Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from shared.domain.errors import EngineUnreachable

Reply = TypeVar("Reply", bound=BaseModel)


class Message(BaseModel):
    """An answer's text."""

    content: str | None = None


class Choice(BaseModel):
    """One answer; ``delta`` in streams."""

    message: Message = Message()
    delta: Message = Message()
    finish_reason: str | None = None


class Usage(BaseModel):
    """Counted tokens."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Completion(BaseModel):
    """The answer to a chat completion request, whole or a piece of a stream."""

    object: Literal["chat.completion", "chat.completion.chunk"]
    choices: list[Choice]
    usage: Usage | None = None


class ModelCard(BaseModel):
    """A served model; ``max_model_len`` is vLLM's."""

    id: str
    max_model_len: int | None = None


class ModelList(BaseModel):
    """The answer to GET /v1/models."""

    data: list[ModelCard]


class Version(BaseModel):
    """The answer to vLLM's GET /version."""

    version: str


class ErrorDetail(BaseModel):
    """What went wrong, in the server's words."""

    message: str = ""


class ErrorBody(BaseModel):
    """The body of an error; older vLLM puts the message at the top."""

    error: ErrorDetail | None = None
    message: str = Field(default="")

    @property
    def said(self) -> str:
        """The server's words in one line."""
        words = self.error.message if self.error is not None else self.message
        return " ".join(words.split())[:300]


def parse(kind: type[Reply], body: bytes | str) -> Reply:
    """The reply in ``body``; raises EngineUnreachable where it is none, as behind a wrong proxy."""
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        raise EngineUnreachable(
            "the server's answer is not that of an OpenAI-compatible API"
        ) from None


def error_words(body: bytes) -> str:
    """The server's words in an error body of whatever form."""
    try:
        said = ErrorBody.model_validate_json(body).said
    except ValidationError:
        said = ""
    return said or " ".join(body[:300].decode("utf-8", "replace").split()) or "no reason given"
