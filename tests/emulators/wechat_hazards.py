"""What can befall the way from phones to the server: doubles, delay, spoiled letters, dead tokens."""

import contextlib
from collections.abc import Iterator

from tests.emulators.wechat_damage import Damage, spoiled
from tests.emulators.wechat_letters import Stationery
from tests.emulators.wechat_office import Office
from tests.emulators.wechat_phone import Phone
from tests.emulators.wechat_postman import Postman
from tests.emulators.wechat_pushes import Attempt, Push
from tests.emulators.wechat_tokens import Tokens
from tests.emulators.wechat_world import World


class Hazards:
    """What a test can order, beside the misfortunes of the account's own calls."""

    world: World
    office: Office
    postman: Postman
    stationery: Stationery
    tokens: Tokens

    def supersede_token(self) -> None:
        """Somebody else forces a fresh stable token: the current one is 40001 at once."""
        self.tokens.supersede()

    def kill_tokens(self) -> None:
        self.tokens.kill_all()

    def deafen_next(self, times: int = 1) -> None:
        """The next answers are not heard: the server has worked, and gets the same message again."""
        self.postman.deaf += times

    def duplicate_next(self, times: int = 1) -> None:
        """The next messages come once more although they were answered."""
        self.postman.copies += times

    async def again(self, push: Push) -> Attempt:
        """The same message once more, under a fresh signature; the answer, which no phone shows."""
        return await self.postman.again(push)

    async def replay(self, push: Push) -> Attempt:
        """The very bytes of the first attempt, as somebody who listened in could send them."""
        return await self.postman.post(push.attempts[0].letter)

    async def strike(self, damage: Damage, person: Phone) -> Attempt:
        """A spoiled message, as if it came from this person."""
        number = {"MsgId": self.world.next_message_id()}
        fields = self.office.head(person.me) | {"MsgType": "text", "Content": "hostile"} | number
        return await self.postman.post(spoiled(self.stationery, fields, damage))

    @contextlib.contextmanager
    def held(self, *, backwards: bool = False) -> Iterator[None]:
        """What people do meanwhile leaves when the block ends: in order, or the last first."""
        self.postman.hold()
        try:
            yield
        finally:
            self.postman.release(backwards=backwards)
