"""What people allowed the account's pages to know about them, and how long each code and token lives."""

import secrets
from dataclasses import dataclass, field

from tests.emulators.tencent_clock import DAY, MINUTE, Clock
from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_world import Person, openid_of

CODE_LIVES = 5 * MINUTE
TOKEN_LIVES = 7200.0
REFRESH_LIVES = 30 * DAY


@dataclass(slots=True, eq=False)
class Grant:
    """What a person allowed, and how long its code and tokens live."""

    person: Person
    openid: str
    scope: str
    ends: float
    redeemed: bool = False
    snapshot: bool = False


@dataclass(slots=True)
class Consents:
    clock: Clock
    codes: dict[str, Grant] = field(default_factory=dict)
    tokens: dict[str, Grant] = field(default_factory=dict)
    refreshers: dict[str, Grant] = field(default_factory=dict)

    def vouch(self, person: Person, scope: str) -> str:
        """A code; a phone that shows a mere snapshot of the page vouches for nobody real."""
        openid = openid_of("snapshot", person.openid) if person.snapshot else person.openid
        code = secrets.token_urlsafe(24)
        ends = self.clock.seconds() + CODE_LIVES
        self.codes[code] = Grant(person, openid, scope, ends, snapshot=person.snapshot)
        return code

    def redeem(self, code: str) -> JSON:
        if not code:
            raise refused(41008)
        grant = self.codes.get(code)
        if grant is None:
            raise refused(40029)
        if grant.redeemed:
            raise refused(40163)
        if grant.ends <= self.clock.seconds():
            raise refused(42003)
        grant.redeemed = True
        return self._tokens(grant, self._new(self.refreshers, grant, REFRESH_LIVES))

    def refresh(self, token: str) -> JSON:
        grant = self.refreshers.get(token)
        if grant is None:
            raise refused(40030)
        if grant.ends <= self.clock.seconds():
            raise refused(42002)
        return self._tokens(grant, token)

    def checked(self, token: str, openid: str) -> Grant:
        grant = self.tokens.get(token)
        if grant is None:
            raise refused(40001)
        if grant.ends <= self.clock.seconds():
            raise refused(42001)
        if grant.openid != openid:
            raise refused(40003)
        return grant

    def _tokens(self, grant: Grant, refresher: str) -> JSON:
        access = self._new(self.tokens, grant, TOKEN_LIVES)
        answer = {"access_token": access, "expires_in": int(TOKEN_LIVES), "refresh_token": refresher}
        answer |= {"openid": grant.openid, "scope": grant.scope}
        return answer | ({"is_snapshotuser": 1} if grant.snapshot else {})

    def _new(self, kept: dict[str, Grant], grant: Grant, lives: float) -> str:
        token = secrets.token_urlsafe(64)
        ends = self.clock.seconds() + lives
        kept[token] = Grant(grant.person, grant.openid, grant.scope, ends, snapshot=grant.snapshot)
        return token
