"""Group robots: whoever knows the key may write to the group, and nobody can answer.

WeCom docs: 消息推送配置说明.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import Signal
from tests.emulators.tencent_errors import JSON
from tests.emulators.wecom_ask import Ask
from tests.emulators.wecom_contents import FROM_ROBOTS, read_message
from tests.emulators.wecom_errors import BAD_WEBHOOK, ROBOT_DISABLED, ROBOT_NOT_IN_GROUP, Refused
from tests.emulators.wecom_limits import Meter
from tests.emulators.wecom_media import Media
from tests.emulators.wecom_screen import Screen


class Group(Screen):
    """What the members of a group see."""

    @property
    def mentioned(self) -> list[str]:
        """Who was mentioned, in the order it happened: userids, phone numbers, @all."""
        return [one for message in self.messages for one in message.mentions]


@dataclass(slots=True)
class Robot:
    """A robot in a group; the key is all that is needed to speak as it."""

    key: str
    group: Group
    base: Callable[[], str]
    trouble: int = 0

    @property
    def url(self) -> str:
        """The whole address, as the group's owner copies it from the client."""
        return f"{self.base()}/cgi-bin/webhook/send?key={self.key}"

    def disable(self) -> None:
        """Somebody switched it off: 93004."""
        self.trouble = ROBOT_DISABLED

    def remove(self) -> None:
        """Somebody removed it from the group: 93008."""
        self.trouble = ROBOT_NOT_IN_GROUP

    def enable(self) -> None:
        self.trouble = 0


@dataclass(slots=True)
class Robots:
    """All robots by their keys."""

    media: Media
    meter: Meter
    changed: Signal
    base: Callable[[], str]
    by_key: dict[str, Robot] = field(default_factory=dict)

    def add(self, key: str, title: str) -> Robot:
        robot = Robot(key or str(uuid.uuid4()), Group(title, self.changed), self.base)
        self.by_key[robot.key] = robot
        return robot

    def send(self, ask: Ask) -> JSON:
        robot = self._robot(ask)
        message = read_message(ask.payload, FROM_ROBOTS, self.media, robot.key)
        self.meter.robot(robot.key)
        robot.group.show(message)
        return {}

    def upload(self, ask: Ask) -> JSON:
        robot = self._robot(ask)
        return self.media.receive(ask.query.get("type", ""), ask.upload, owner=robot.key).as_dict()

    def _robot(self, ask: Ask) -> Robot:
        robot = self.by_key.get(ask.query.get("key", ""))
        if robot is None:
            raise Refused(BAD_WEBHOOK)
        if robot.trouble:
            raise Refused(robot.trouble)
        return robot
