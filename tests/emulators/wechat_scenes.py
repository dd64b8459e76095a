"""QR codes with a scene: what was made, what it stands for, and until when it can be scanned."""

import secrets
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import DAY, Clock

LONGEST = int(30 * DAY)
SHORTEST = 60
"""Seconds that a temporary code lives when nobody says how long."""


@dataclass(frozen=True, slots=True)
class Scene:
    value: str
    ticket: str
    url: str
    ends: float
    """When it dies, by the emulator's clock; infinity for a permanent one."""


@dataclass(slots=True)
class Scenes:
    clock: Clock
    made: list[Scene] = field(default_factory=list)

    def make(self, value: str, lives: float) -> Scene:
        ticket = f"gQ{secrets.token_urlsafe(68)}=="
        scene = Scene(
            value, ticket, f"http://weixin.qq.com/q/{secrets.token_urlsafe(16)}", self.clock.seconds() + lives
        )
        self.made.append(scene)
        return scene

    def find(self, wanted: str) -> Scene:
        """By its ticket, its address or its scene; LookupError when there is none, or it is over."""
        for scene in reversed(self.made):
            if wanted in (scene.ticket, scene.url, scene.value):
                if scene.ends <= self.clock.seconds():
                    raise LookupError(f"the code of {scene.value!r} has expired")
                return scene
        raise LookupError(f"nobody made a code for {wanted!r}")
