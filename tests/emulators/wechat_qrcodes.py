"""Making QR codes that carry a scene, and drawing them. WeChat docs: 生成带参二维码."""

import io
from typing import Any

import segno
from PIL import Image

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import Body, Endpoint, File, Office, Outcome
from tests.emulators.wechat_scenes import LONGEST, SHORTEST

TEMPORARY = {"QR_SCENE", "QR_STR_SCENE"}
PERMANENT = {"QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE"}
FOREVER = float("inf")


def create(office: Office, call: Call) -> JSON:
    action = call.body.get("action_name")
    if action not in TEMPORARY | PERMANENT:
        raise refused(40053)
    lives = call.body.get("expire_seconds", SHORTEST)
    if not isinstance(lives, int) or not 1 <= lives <= LONGEST:
        raise refused(40053)
    value = _scene(str(action), call.body)
    scene = office.world.scenes.make(value, FOREVER if action in PERMANENT else lives)
    ends = {} if action in PERMANENT else {"expire_seconds": lives}
    return {"ticket": scene.ticket, **ends, "url": scene.url}


def _scene(action: str, body: JSON) -> str:
    """The scene as the scan will tell it: a number is told in digits."""
    info: Any = body.get("action_info")
    given = info.get("scene") if isinstance(info, dict) else None
    scene = given if isinstance(given, dict) else {}
    match action, scene.get("scene_str"), scene.get("scene_id"):
        case (("QR_STR_SCENE" | "QR_LIMIT_STR_SCENE"), str(text), _) if 1 <= len(text) <= 64:
            return text
        case "QR_SCENE", _, int(number) if 1 <= number < 2**32:
            return str(number)
        case "QR_LIMIT_SCENE", _, int(number) if 1 <= number <= 100_000:
            return str(number)
    raise refused(40053)


def draw(office: Office, call: Call) -> Outcome:
    """The picture behind a ticket; 404 when there is none."""
    for scene in office.world.scenes.made:
        if scene.ticket == call.text("ticket"):
            return File(_jpeg(scene.url), "image/jpg")
    return File(b"", "text/plain", status=404)


def _jpeg(text: str) -> bytes:
    drawn, written = io.BytesIO(), io.BytesIO()
    segno.make(text, micro=False).save(drawn, kind="png", scale=8)
    Image.open(drawn).convert("RGB").save(written, "JPEG")
    return written.getvalue()


QRCODES = {
    "qrcode/create": Endpoint(create, Body.JSON),
    "showqrcode": Endpoint(draw, open=True),
}
