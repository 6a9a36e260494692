"""Replies of an OpenAI-compatible server, with the fields that are used."""

from typing import Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError

from shared.domain.errors import EngineUnreachable

Reply = TypeVar("Reply", bound=BaseModel)


class Message(BaseModel):
    """The text of an answer."""

    content: str | None = None


class Choice(BaseModel):
    """One answer; a stream uses ``delta``."""

    message: Message = Message()
    delta: Message = Message()
    finish_reason: str | None = None


class Usage(BaseModel):
    """Token counts."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class CompletionReply(BaseModel):
    """The reply to a chat completion request, complete or a chunk of a stream."""

    object: Literal["chat.completion", "chat.completion.chunk"]
    choices: list[Choice]
    usage: Usage | None = None


class ModelCard(BaseModel):
    """A served model; only vLLM sends ``max_model_len``."""

    id: str
    max_model_len: int | None = None


class ModelList(BaseModel):
    """The reply to GET /v1/models."""

    data: list[ModelCard]


class Version(BaseModel):
    """The reply to vLLM's GET /version; it becomes part of every result."""

    version: str = Field(pattern=r"^[0-9A-Za-z.+_-]{1,80}$")


class ErrorDetail(BaseModel):
    """An error message of the server."""

    message: str = ""


class ErrorBody(BaseModel):
    """The body of an error; older vLLM has the message at the top level."""

    error: ErrorDetail | None = None
    message: str = Field(default="")

    @property
    def text(self) -> str:
        """The error message in one line."""
        message = self.error.message if self.error is not None else self.message
        return " ".join(message.split())[:300]


def parse(kind: type[Reply], body: bytes | str) -> Reply:
    """The reply in ``body``; raises EngineUnreachable for anything else, such as a proxy's page."""
    try:
        return kind.model_validate_json(body)
    except ValidationError:
        raise EngineUnreachable(
            "the server's answer is not that of an OpenAI-compatible API"
        ) from None


def error_text(body: bytes) -> str:
    """The error message in a body of any format."""
    try:
        text = ErrorBody.model_validate_json(body).text
    except ValidationError:
        text = ""
    return text or " ".join(body[:300].decode("utf-8", "replace").split()) or "no reason given"
