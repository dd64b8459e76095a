"""Before the first personal datum is kept, people are told what for, how long, and asked to agree."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ScalarSelect, delete, select, update

from handlers.desk import Scene, rules
from handlers.envelopes import Button, Outgoing
from handlers.policy import Policy, policy
from handlers.wording import plain, spoken
from models.account import Account
from models.base import add_once
from models.code import Claim
from models.community import Community, Home
from models.resident import Consent, agreed

PURPOSE = "service"
CONSENT, AGREED, ANSWER = "consent", "agreed", "answer"
"""What a claim waits for: a yes, the form that follows it, or the digits that a scanned code asks for."""
LIVES = timedelta(days=1)


async def version(scene: Scene, home: int | None = None) -> str:
    """The text that counts where somebody is, or is about to be; the only community's where that is open."""
    return (await _rules(scene, home)).consent_version


async def _rules(scene: Scene, home: int | None = None) -> Policy:
    where = select(Community).join(Home, Home.community_id == Community.id)
    mine = home or next((int(one[0]) for one in scene.standing.homes), None)
    query = (
        select(Community).order_by(Community.id).limit(2) if mine is None else where.where(Home.id == mine)
    )
    found = (await scene.session.scalars(query)).all()
    return rules(found[0]) if len(found) == 1 else policy({}, "UTC")


async def missing(scene: Scene, wanted: str, record: int | None = None) -> bool:
    """Whether this version was never agreed to by a resident, or by whoever the account is just now."""
    return not await agreed(scene.session, record or _own(scene), wanted)


def _own(scene: Scene) -> ScalarSelect[int | None]:
    return select(Account.resident_id).where(Account.id == scene.standing.account).scalar_subquery()


async def claim(scene: Scene, waits: str, **about: object) -> None:
    """Note what an account has begun; the newest counts, and nothing in it is about a person."""
    account, now = scene.standing.account, scene.work.now
    await scene.session.execute(delete(Claim).where(Claim.at <= now - LIVES, Claim.waits != AGREED))
    values = {"code_id": None, "resident_id": None, "kind": "", "version": "", "waits": waits, "at": now}
    await add_once(scene.session, Claim, "account_id", account_id=account, **{**values, **about})
    await scene.session.execute(
        update(Claim).where(Claim.account_id == account).values(**{**values, **about}),
        execution_options={"synchronize_session": False},
    )


async def ask(scene: Scene, wanted: str, **about: object) -> None:
    """Show the text of this version; `about` is what goes on after a yes: a code, a record, a service."""
    await claim(scene, CONSENT, version=wanted, **about)
    await _show(scene, wanted)


async def _show(scene: Scene, wanted: str) -> None:
    """The text with its two buttons; who lives here and may be in need reads whom to call at once."""
    yes = Button(scene.text("consent.yes"), "m.consent.yes", "primary")
    no = Button(scene.text("consent.no"), "m.consent.no")
    hotline = (await _rules(scene)).hotline if scene.standing.homes else ""
    told = scene.text("consent.text", version=wanted, hotline=hotline)
    scene.replies.append(Outgoing(told, scene.text("consent.title"), ((yes, no),)))


async def pending(scene: Scene) -> Claim | None:
    """What this account was asked to agree to, and has not answered."""
    mine = select(Claim).where(Claim.account_id == scene.standing.account, Claim.waits == CONSENT)
    fresh = mine.where(Claim.at > scene.work.now - LIVES)
    return await scene.session.scalar(fresh, execution_options={"populate_existing": True})


async def again(scene: Scene) -> bool:
    """Show once more what is still to be agreed to; False when nothing is."""
    waiting = await pending(scene)
    if waiting is None:
        return False
    await _show(scene, waiting.version)
    return True


async def said(scene: Scene) -> str:
    """'yes' or 'no' when a stranger answers in words what they were asked to agree to, else ''."""
    heard, texts = plain(scene.inbound.text), scene.work.desk.texts
    named = [one for one in ("yes", "no") if heard in spoken(f"consent.said.{one}", texts)]
    return named[0] if named and await pending(scene) is not None else ""


async def given(scene: Scene) -> tuple[str, Claim | None]:
    """The version that an account agreed to before anything was known of it, "" for none."""
    mine = select(Claim).where(Claim.account_id == scene.standing.account, Claim.waits == AGREED)
    found = await scene.session.scalar(mine, execution_options={"populate_existing": True})
    return ("", None) if found is None else (found.version, found)


async def keep(scene: Scene, resident: int, made: Claim) -> None:
    """Write down what a resident agreed to, and when; what they had begun is over with it."""
    await add_once(
        scene.session,
        Consent,
        "resident_id",
        "purpose",
        "version",
        resident_id=resident,
        purpose=PURPOSE,
        version=made.version,
        at=scene.work.now if made.waits == CONSENT else made.at,
    )
    await drop(scene)


async def drop(scene: Scene) -> None:
    """Forget what the account had begun."""
    await scene.session.execute(
        delete(Claim).where(Claim.account_id == scene.standing.account),
        execution_options={"synchronize_session": False},
    )


async def ever(scene: Scene, kind: str = "") -> bool:
    """Whether who lives here has agreed to any version; else that is asked first, as in `before`.

    A new version keeps nobody from reporting a burst pipe: it is asked about where the record is opened.
    """
    return await agreed(scene.session, _own(scene)) or await before(scene, kind)


async def before(scene: Scene, kind: str = "") -> bool:
    """Whether what somebody tells us may be kept; else that is asked first.

    A yes leads on to the service `kind`, or else to what they wrote before.
    """
    wanted = await version(scene)
    if not await missing(scene, wanted):
        return True
    if scene.standing.resident is None and (await given(scene))[0] == wanted:
        return True
    await ask(scene, wanted, kind=kind)
    return False
