"""The app's callback, seen from WeCom: where pushes go, how they get lost or come twice, and forgeries."""

import secrets
from typing import Any

from tests.emulators.wecom_letters import Forgery, Letter, Stationery
from tests.emulators.wecom_postman import Postman
from tests.emulators.wecom_pushes import Attempt, Push


class Callback:
    """The console page on which the callback is set up, and the misfortunes to be ordered for pushes."""

    stationery: Stationery
    postman: Postman

    @property
    def token(self) -> str:
        """The callback's Token."""
        return self.stationery.token

    @property
    def aes_key(self) -> str:
        """The callback's EncodingAESKey."""
        return self.stationery.aes_key

    @aes_key.setter
    def aes_key(self, key: str) -> None:
        """The console has drawn another; from now on pushes are locked with it."""
        self.stationery.aes_key = key

    @property
    def patience(self) -> float:
        """How many real seconds the app has to answer a push."""
        return self.postman.patience

    @patience.setter
    def patience(self, seconds: float) -> None:
        self.postman.patience = seconds

    async def push_to(self, url: str, *others: str, verify: bool = True) -> None:
        """Save the callback's address; with several, pushes go to them in turn. NotVerified: not saved."""
        for one in (url, *others) if verify else ():
            await self.postman.greet(one)
        self.postman.address((url, *others))

    def hear_nothing(self, times: int = 1) -> None:
        """The app's next answers get lost on the way: it has done its work and is told again."""
        self.postman.deaf += times

    def bring_twice(self, times: int = 1) -> None:
        """The next pushes come once more after they were answered."""
        self.postman.copies += times

    def hold(self) -> None:
        """What colleagues do stays back until `release`."""
        self.postman.hold()

    def release(self, *, backwards: bool = False) -> None:
        self.postman.release(backwards=backwards)

    async def greet(self, url: str, **changed: str) -> Attempt:
        """A verification by hand, parts of its query changed: `await wecom.greet(url, msg_signature="0")`."""
        return await self.postman.get(url, self.stationery.greeting("1616140317555161061") | changed)

    async def again(self, push: Push) -> Attempt:
        """A push once more, freshly signed, as after an answer that came too late."""
        return await self.postman.again(push)

    async def replay(self, push: Push) -> Attempt:
        """The very bytes of a push's first attempt, as somebody who overheard it would send them."""
        first = push.attempts[0]
        return await self.postman.post(Letter(dict(first.query), first.body), first.url)

    async def forge(
        self, forgery: Forgery, *, userid: str = "mallory", url: str = "", **fields: Any
    ) -> Attempt:
        """A letter that WeCom never wrote, posted at once: a text, unless `fields` say otherwise."""
        head = {
            "ToUserName": self.stationery.corpid,
            "FromUserName": userid,
            "CreateTime": self.stationery.clock.date(),
        }
        said = {"MsgType": "text", "Content": "工单", "MsgId": str(secrets.randbelow(2**63))}
        letter = self.stationery.forged(
            forgery, {**head, **(fields or said), "AgentID": self.stationery.agentid}
        )
        return await self.postman.post(letter, url)

    @property
    def pushes(self) -> list[Push]:
        """Everything that was to be told to the app, in order."""
        return self.postman.pushes

    async def idle(self, timeout: float = 20.0) -> None:
        """Until every push has been answered or given up."""
        await self.postman.app.changed.until(
            lambda: not self.postman.busy, timeout, lambda: "pushes are still on their way"
        )
