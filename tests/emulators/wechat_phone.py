"""People with phones: they follow, write, photograph, tap, scan, mute and leave."""

import re
from typing import Any

import aiohttp

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_allowances import Act
from tests.emulators.wechat_bubbles import Bubble
from tests.emulators.wechat_media import picture_url
from tests.emulators.wechat_menu import leaves
from tests.emulators.wechat_pushes import Push
from tests.emulators.wechat_screen import Screen
from tests.emulators.wechat_shelf import Media, sample_picture
from tests.emulators.wechat_world import Kind

UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"
_SILENT = {"view": "VIEW", "miniprogram": "view_miniprogram"}
_COUNTS = {"click", "scancode_push", "scancode_waitmsg"}


class Phone(Screen):
    """Somebody's phone, in the chat with the account.

    What is done returns at once with the `Push` that carries it; `await push.settled()` waits for its end,
    and `wait_for` for what will be shown.
    """

    async def follow(self, scene: str = "") -> Push:
        """Follow the account; `scene` is a code's ticket, address or scene, when it was scanned."""
        self.me.following, self.me.refuses = True, False
        self.me.followed_at = self.office.world.clock.date()
        self.me.came_by = "ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH"
        self.me.act(Act.FOLLOW)
        if not scene:
            return self._event("subscribe", EventKey="")
        found = self.office.world.scenes.find(scene)
        self.me.scene = found.value
        return self._event("subscribe", EventKey=f"qrscene_{found.value}", Ticket=found.ticket)

    async def unfollow(self) -> Push:
        """Leave; what the account was allowed is over, and nothing is shown of what it answers."""
        self._must_follow()
        self.me.following = False
        self.me.allowances.clear()
        return self.office.tell(self.me, "unsubscribe", EventKey="")

    async def scan(self, scene: str) -> Push:
        """Scan a code, by its ticket, address or scene; a stranger follows by it."""
        if not self.me.following:
            return await self.follow(scene)
        found = self.office.world.scenes.find(scene)
        self.me.act(Act.SCAN)
        return self._event("SCAN", EventKey=found.value, Ticket=found.ticket)

    def block(self) -> None:
        """Switch the account's messages off, without leaving; WeChat tells nobody."""
        self.me.refuses = True

    def unblock(self) -> None:
        self.me.refuses = False

    async def say(self, text: str) -> Push:
        return self._message(Bubble("text", text), "text", Content=text)

    async def sticker(self) -> Push:
        """A sticker, as every kind that accounts cannot read, comes as a sentence about it."""
        return self._message(Bubble("sticker"), "text", Content=UNSUPPORTED)

    async def photo(self, content: bytes | None = None) -> Push:
        media = self._keep("image", sample_picture(len(self.bubbles)) if content is None else content)
        return self._message(Bubble("image", media=media), "image", **self._picture(media))

    def _picture(self, media: Media) -> JSON:
        return {"PicUrl": picture_url(self.office.world.url, media.id), "MediaId": media.id}

    async def voice(self, recognition: str | None = "") -> Push:
        """A voice message; `recognition`: the text WeChat heard in it, None when the account has that off."""
        media = self._keep("voice", b"#!AMR\n\x3c")
        heard = {} if recognition is None else {"Recognition": recognition}
        return self._message(
            Bubble("voice", media=media), "voice", MediaId=media.id, Format="amr", then=heard
        )

    async def video(self, content: bytes = b"\x00\x00\x00\x18ftypmp42") -> Push:
        media, thumb = self._keep("video", content), self._keep("thumb", sample_picture())
        return self._message(Bubble("video", media=media), "video", MediaId=media.id, ThumbMediaId=thumb.id)

    async def location(self, x: float = 31.2304, y: float = 121.4737, label: str = "某路1号") -> Push:
        """A place on the map: latitude, longitude and its name."""
        place = {"Location_X": x, "Location_Y": y, "Scale": 15, "Label": label}
        return self._message(Bubble("location", label), "location", then=place)

    async def link(self, title: str = "链接", url: str = "https://example.com/") -> Push:
        return self._message(Bubble("link", title, url=url), "link", Title=title, Description="", Url=url)

    async def choose(self, label: str) -> Push:
        """Tap an item of a menu message, or a link that answers. It counts as a tap on the menu."""
        choice = self.choice(label)
        told = {} if self.office.world.account.kind is Kind.TEST else {"bizmsgmenuid": choice.id}
        bubble = Bubble("text", choice.content)
        return self._message(bubble, "text", act=Act.CHOICE, Content=choice.content, then=told)

    async def pick(self, label: str) -> Push:
        """Answer a list as people do: tap its line if it can be tapped, else write its number."""
        if any(label in choice.label for choice in self.last.choices):
            return await self.choose(label)
        return await self.say(self.number_of(label))

    def number_of(self, label: str) -> str:
        """The number in front of a line of the youngest bubble that has it."""
        for bubble in reversed(self.received):
            for line in bubble.text.splitlines():
                found = re.match(r"\s*\[?(\d+)\]?\s*[.、．)）:：]?\s*(.+)", line)
                if found and label in found[2]:
                    return found[1]
        raise LookupError(f"no numbered line says {label!r}; {self.transcript()}")

    async def press(self, button: str, **more: Any) -> Push:
        """Press a button of the menu by its name or key. `more` are the fields that its type adds, as
        ScanCodeInfo={"ScanType": "qrcode", "ScanResult": "1"}."""
        for found in leaves(self.office.world.account.menu):
            if button in (found["name"], found.get("key")):
                return self._pressed(found, more)
        raise LookupError(f"no button {button!r} among {self.menu}")

    def _pressed(self, button: JSON, more: JSON) -> Push:
        kind = button["type"]
        self._must_follow()
        self.me.act(Act.MENU if kind in _COUNTS else None)
        key = button.get("key") or button.get("pagepath") or button.get("url", "")
        if kind in _SILENT:
            return self.office.tell(self.me, _SILENT[kind], EventKey=key)
        return self._event("CLICK" if kind == "click" else kind, EventKey=key, **more)

    def mute(self, template_id: str) -> None:
        """Refuse one kind of service notice; WeChat tells nobody, but refuses the next with 43101."""
        self.me.muted.add(template_id)

    def unmute(self, template_id: str) -> None:
        self.me.muted.discard(template_id)

    async def accept(self, template_id: str) -> Push:
        """Consent to one more notice of this subscription, on a page."""
        self.me.grants[template_id] += 1
        return self._asked(template_id, "accept")

    async def refuse(self, template_id: str) -> Push:
        return self._asked(template_id, "reject")

    async def unsubscribe(self, template_id: str) -> Push:
        """Take back in the settings what was consented to."""
        self.me.grants[template_id] = 0
        change = {"TemplateId": template_id, "SubscribeStatusString": "reject"}
        return self.office.tell(
            self.me, "subscribe_msg_change_event", SubscribeMsgChangeEvent={"List": change}
        )

    async def authorize(self, url: str) -> str:
        """Open a consent page (connect/oauth2/authorize); where it sends the phone: PermissionError shows the
        page when it sends it nowhere."""
        headers = {"X-Phone": self.openid}
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 302:
                raise PermissionError(await response.text())
            return response.headers["Location"]

    async def send(self, kind: str, /, **fields: Any) -> Push:
        """A message of any kind, known to anybody or not."""
        return self._message(Bubble(kind), kind, **fields)

    async def cause(self, event: str, /, **fields: Any) -> Push:
        """An event of any kind; what is answered is shown."""
        return self._event(event, **fields)

    def _message(
        self, bubble: Bubble, kind: str, *, act: Act = Act.MESSAGE, then: JSON | None = None, **fields: Any
    ) -> Push:
        self._must_follow()
        self.me.act(act)
        world = self.office.world
        world.show(self.me, bubble)
        number = {"MsgId": world.next_message_id()}
        body = self.office.head(self.me) | {"MsgType": kind} | fields | number | (then or {})
        return self.office.postman.send(Push(self.me, body))

    def _event(self, event: str, **fields: Any) -> Push:
        return self.office.postman.send(Push(self.me, self.office.event(self.me, event, fields)))

    def _asked(self, template_id: str, answer: str) -> Push:
        told = {"TemplateId": template_id, "SubscribeStatusString": answer, "PopupScene": 1}
        return self.office.tell(self.me, "subscribe_msg_popup_event", SubscribeMsgPopupEvent={"List": told})

    def _keep(self, kind: str, content: bytes) -> Media:
        return self.office.world.shelf.keep(kind, content)

    def _must_follow(self) -> None:
        if not self.me.following:
            raise RuntimeError(f"{self.me.name} does not follow the account, and cannot write to it")
