"""What the Bot API says when it refuses, word for word as the vendor says it."""

from typing import Any

JSON = dict[str, Any]


class Refused(Exception):
    """An error answer of the Bot API: a code, a description and, at times, parameters."""

    def __init__(self, code: int, description: str, parameters: JSON | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def as_dict(self) -> JSON:
        body: JSON = {"ok": False, "error_code": self.code, "description": self.description}
        return body | ({"parameters": self.parameters} if self.parameters else {})


def bad_request(what: str) -> Refused:
    return Refused(400, f"Bad Request: {what}")


def forbidden(what: str) -> Refused:
    return Refused(403, f"Forbidden: {what}")


def conflict(what: str) -> Refused:
    return Refused(409, f"Conflict: {what}")


def too_many(retry_after: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def upgraded(chat_id: int) -> Refused:
    what = "group chat was upgraded to a supergroup chat"
    return Refused(400, f"Bad Request: {what}", {"migrate_to_chat_id": chat_id})
