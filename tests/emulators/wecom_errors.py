"""What WeCom says when it refuses: an errcode, and words around it; the HTTP status is always 200."""

import secrets
import time

from tests.emulators.tencent_errors import JSON
from tests.emulators.tencent_errors import Refused as Refusal

BUSY = -1
BAD_SECRET = 40001
BAD_MEDIA_TYPE = 40004
BAD_FILE_SIZE = 40006
BAD_MEDIA = 40007
BAD_MESSAGE_TYPE = 40008
BAD_IMAGE_SIZE = 40009
BAD_CORPID = 40013
BAD_TOKEN = 40014
ESCAPED = 40033
NO_SUCH_CHAT = 40050
BAD_AGENT = 40056
BAD_PARAMETER = 40058
NO_TOKEN = 41001
NO_CORPID = 41002
NO_SECRET = 41004
NO_MEDIA = 41006
NO_AGENT = 41011
EXPIRED_TOKEN = 42001
BAD_TASK = 42014
BAD_KEY = 42018
NO_KEY = 42019
NO_BUTTON_NAME = 42020
CODE_USED = 42022
WANTS_GET = 43001
WANTS_POST = 43002
NO_CALLBACK = 43012
EMPTY_FILE = 44001
EMPTY_POST = 44002
EMPTY_TEXT = 44004
TOO_LARGE = 45001
TOO_LONG = 45002
BAD_ARTICLES = 45008
TOO_OFTEN = 45009
TOO_MANY_AT_ONCE = 45033
URL_WITHOUT_SCHEME = 45034
STRANGE_IP = 60020
UNKNOWN_USER = 60111
NOBODY_VALID = 81013
NO_RECEIVER = 82001
FOREIGN_CHAT = 86008
BAD_WEBHOOK = 93000
ROBOT_DISABLED = 93004
ROBOT_NOT_IN_GROUP = 93008
WRONG_MD5 = 301019

WORDS = {
    BUSY: "system error",
    BAD_SECRET: "invalid credential",
    BAD_MEDIA_TYPE: "invalid media type",
    BAD_FILE_SIZE: "invalid media size",
    BAD_MEDIA: "invalid media_id",
    BAD_MESSAGE_TYPE: "invalid message type",
    BAD_IMAGE_SIZE: "invalid image size",
    BAD_CORPID: "invalid corpid",
    BAD_TOKEN: "invalid access_token",
    ESCAPED: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    NO_SUCH_CHAT: "chatid not exist",
    BAD_AGENT: "invalid agentid",
    BAD_PARAMETER: "invalid Request Parameter",
    NO_TOKEN: "access_token missing",
    NO_CORPID: "corpid missing",
    NO_SECRET: "corpsecret missing",
    NO_MEDIA: "media_id missing",
    NO_AGENT: "agentid missing",
    EXPIRED_TOKEN: "access_token expired",
    BAD_TASK: "invalid task_id",
    BAD_KEY: "invalid button key",
    NO_KEY: "button key missing",
    NO_BUTTON_NAME: "button text missing",
    CODE_USED: "response_code has been used",
    WANTS_GET: "require GET method",
    WANTS_POST: "require POST method",
    NO_CALLBACK: "agent callback url not set",
    EMPTY_FILE: "empty media data",
    EMPTY_POST: "empty post data",
    EMPTY_TEXT: "empty content",
    TOO_LARGE: "media size out of limit",
    TOO_LONG: "content size out of limit",
    BAD_ARTICLES: "article size out of limit",
    TOO_OFTEN: "api freq out of limit",
    TOO_MANY_AT_ONCE: "api concurrent out of limit",
    URL_WITHOUT_SCHEME: "url must have a protocol header",
    STRANGE_IP: "not allow to access from your ip",
    UNKNOWN_USER: "userid not found",
    NOBODY_VALID: "user & party & tag all invalid",
    NO_RECEIVER: "touser & toparty & totag are all empty",
    FOREIGN_CHAT: "no privilege to access this chat",
    BAD_WEBHOOK: "invalid webhook url",
    ROBOT_DISABLED: "robot is disabled",
    ROBOT_NOT_IN_GROUP: "robot not in group",
    WRONG_MD5: "media file md5 not match",
}
"""The vendor publishes what the numbers mean in Chinese; the English words are not always known."""

DEVTOOL = "https://open.work.weixin.qq.com/devtool/query?e="


class Refused(Refusal):
    """An errcode instead of a result."""

    def __init__(self, code: int, words: str = "") -> None:
        super().__init__(code, words or WORDS[code])


def as_dict(refusal: Refusal, ip: str, warning: str = "") -> JSON:
    """The answer, with the hint that the vendor puts behind its words."""
    hint = f"[{int(time.time())}_{secrets.token_hex(3)}_{secrets.token_hex(16)}]"
    more = f"hint: {hint}, from ip: {ip}, more info at {DEVTOOL}{refusal.errcode}{warning}"
    return {"errcode": refusal.errcode, "errmsg": f"{refusal.errmsg}, {more}"}


def bad_parameter(what: str) -> Refused:
    """As the vendor words it: 'markdown.content exceed max length 4096. invalid Request Parameter'."""
    return Refused(BAD_PARAMETER, f"{what}. invalid Request Parameter")
