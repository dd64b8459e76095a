"""Fetching what people sent, and uploading what they shall get."""

from urllib.parse import quote

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import Body, Endpoint, File, Office, Outcome


def upload(office: Office, call: Call) -> JSON:
    """WeChat docs: 新增临时素材."""
    content = call.uploads.get("media")
    if not content:
        raise refused(41005)
    media = office.world.shelf.take_in(call.text("type"), content)
    key = "thumb_media_id" if media.kind == "thumb" else "media_id"
    return {"type": media.kind, key: media.id, "created_at": office.world.clock.date()}


def download(office: Office, call: Call) -> Outcome:
    """WeChat docs: 获取临时素材. A film is not sent but named."""
    media = office.world.shelf.fetch(call.text("media_id"))
    if media.kind in ("video", "shortvideo"):
        return {"video_url": picture_url(office.world.url, media.id)}
    return File(media.content, media.mime, media.file_name)


def picture(office: Office, call: Call) -> Outcome:
    """What a PicUrl or a video_url leads to; no token is needed."""
    media = office.world.shelf.fetch(call.path.split("/")[1])
    return File(media.content, media.mime)


def picture_url(base: str, media_id: str) -> str:
    return f"{base}/mmbiz/{quote(media_id)}/0"


MEDIA = {
    "media/upload": Endpoint(upload, Body.FORM),
    "media/get": Endpoint(download),
    "mmbiz/": Endpoint(picture, open=True, certified=False),
}
