"""What Tencent's interfaces say when they refuse: a number, a sentence, and HTTP 200 all the same."""

import secrets
from typing import Any

JSON = dict[str, Any]


class Refused(Exception):
    """An answer whose errcode is not 0."""

    def __init__(self, errcode: int, errmsg: str) -> None:
        super().__init__(f"{errcode} {errmsg}")
        self.errcode = errcode
        self.errmsg = errmsg

    def as_dict(self) -> JSON:
        """WeChat puts the number of the request behind the sentence."""
        return {"errcode": self.errcode, "errmsg": f"{self.errmsg} rid: {new_rid()}"}


def new_rid() -> str:
    return "-".join(secrets.token_hex(4) for _ in range(3))
