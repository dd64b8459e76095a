"""Lakeside Garden on the real program: residents on an emulated WeChat, staff on an emulated WeCom."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from tests.emulators.wechat import Phone, WechatServer
from tests.emulators.wecom import Colleague, Robot, WecomServer
from tests.ground import CODE
from tests.premises import WAIT, Premises, eventually
from tests.program import Program, surroundings

PUBLIC = "https://desk.example"


@dataclass
class Quarter(Premises):
    """The community's residents on WeChat, its staff on WeCom, and the programs that serve them."""

    wechat: WechatServer
    wecom: WecomServer
    fresh: bool = False
    more: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.secrets |= {self.wechat.account.secret, self.wechat.account.aes_key, self.wecom.secret}
        self.secrets |= {self.wecom.aes_key}

    @property
    def environment(self) -> dict[str, str]:
        company = {
            "wecom_corpid": self.wecom.corpid,
            "wecom_secret": self.wecom.secret,
            "wecom_agentid": self.wecom.agentid,
            "wecom_token": self.wecom.token,
            "wecom_aes_key": self.wecom.aes_key,
            "wecom_api": self.wecom.url,
        }
        given = {**self.wechat.settings, **company, "public_url": PUBLIC, **self.more}
        return surroundings(self.folder, self.url, **given)

    async def open(self, programs: int = 1) -> None:
        """Start so many programs on the one database, and have both vendors make sure of them."""
        for number in range(programs):
            program = Program(
                self.nursery, self.environment, self.folder, fresh=self.fresh, name=f"quarter-{number}"
            )
            self.programs.append(program)
        await asyncio.gather(*(program.start() for program in self.programs))
        await self.listened_to()

    async def listened_to(self) -> None:
        """The programs that run are those that hear."""
        running = [program.url for program in self.programs if program.child is not None]
        await self.wechat.push_to(*(f"{url}/wechat/callback" for url in running))
        await self.wecom.push_to(*(f"{url}/wecom/callback" for url in running))

    async def resident(self, name: str, home: str = "") -> Phone:
        """Somebody who follows the account and has bound their home with the code of their bill."""
        home = home or self._free_home()
        person = self.wechat.person(name)
        self.secrets |= {person.openid, home}
        await (await person.follow()).settled()
        await (await person.say(await self.command("home", "code", CODE, home))).settled()
        await (await person.say("同意")).settled()
        await person.wait_for(home, WAIT)
        return person

    async def colleague(self, userid: str, name: str, *roles: str, phone: str = "") -> Colleague:
        """Somebody on the staff who has linked their account."""
        wanted = [word for role in roles for word in ("--role", role)]
        wanted += ["--phone", phone] if phone else []
        code = await self.command("staff", "add", name, "--community", CODE, *wanted)
        person = self.wecom.member(userid, name)
        self.secrets.add(name)
        person.say(f"/staff {code}")
        await person.wait_for(name, WAIT)
        return person

    async def repair_group(self) -> Robot:
        """The technicians' group, with a robot in it that is bound to repairs."""
        robot = self.wecom.robot("维修群")
        self.secrets.add(robot.key)
        await self.command(
            *("group", "bind", "repair", "--community", CODE),
            *("--channel", "robot", "--bot", "wecom", "--chat", robot.key),
        )
        return robot

    async def calm(self, timeout: float = WAIT) -> None:
        """Every message is answered and nothing waits in the outbox."""
        await self.wechat.idle(timeout)
        await self.wecom.idle(timeout)
        await eventually(self._sent, timeout, "something waits in the outbox")
