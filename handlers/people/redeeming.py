"""Somebody brings a code, or shows their own number: they agree to what is kept, and belong to a home."""

from __future__ import annotations

from sqlalchemy import update

from handlers import dialogue
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.people import binding, consenting, inviting, linking, scanning
from handlers.wording import phone as understood
from models.code import Claim, Code
from models.resident import Phone, residents_with


async def redeem(scene: Scene, text: str) -> bool:
    """Do what a code stands for; the scene then stands differently. False when it cannot, or not yet."""
    if scanning.is_scene(text):
        await scanning.scanned(scene, text)
        return False
    digits = binding.ending(text)
    claimed = await binding.claimed(scene) if digits else None
    if digits and claimed is not None:
        proved = await scanning.proved(scene, claimed, digits)
        return proved is not None and await _agreed(scene, proved.code, proved.resident)
    code = await binding.look(scene, text)
    if code is None:
        return False
    if code.staff_id is not None:
        return await _bind(scene, code, None)
    return await _agreed(scene, code, code.resident_id)


async def shared(scene: Scene, number: str) -> bool:
    """A stranger shows their own number: it leads to the one record in which it is registered."""
    if await binding.locked(scene):
        return False
    phone = understood(number)
    found = await residents_with(scene.session, phone, scene.work.now) if phone else ()
    if len(found) > 1:
        binding.told(scene, "bind.contact_several")
        return False
    if not found:
        await binding.wrong(scene, "bind.contact_unknown")
        return False
    wanted = await consenting.version(scene)
    record, registered = found[0]
    if await consenting.missing(scene, wanted, record):
        await consenting.ask(scene, wanted, resident_id=record, phone_id=registered)
        return False
    return await _belongs(scene, record, registered)


async def consented(scene: Scene, answer: str) -> str | None:
    """The service that a yes leads to, "" where it has bound the account; None when nothing came of it."""
    made = await consenting.pending(scene)
    if made is None:
        scene.reply("consent.over")
        return None
    if answer != "yes":
        await consenting.drop(scene)
        _declined(scene)
        return None
    if made.kind:
        return await _may_begin(scene, made)
    if scene.standing.homes and made.code_id is None and made.resident_id is None:
        await consenting.keep(scene, scene.standing.resident or 0, made)
        return ""
    done = await _go_on(scene, made)
    if done and scene.standing.resident is not None:
        await consenting.keep(scene, scene.standing.resident, made)
    return "" if done else None


def _declined(scene: Scene) -> None:
    """Nothing is kept that was not; what one may always do with one's data is still there."""
    if not scene.standing.homes:
        binding.told(scene, "consent.declined")
        return
    if scene.draft is not None and scene.draft.flow == dialogue.KEPT:
        scene.draft = None
    ways = (("profile.topic.show", "show"), ("holding.export", "export"), ("holding.erase", "erase"))
    rows = tuple((Button(scene.text(label), f"m.record.{verb}"),) for label, verb in ways)
    scene.replies.append(Outgoing(scene.text("consent.declined_here"), buttons=rows))


async def _may_begin(scene: Scene, made: Claim) -> str:
    """A service that keeps personal data goes on; a stranger's consent is kept with what they fill in."""
    kind = made.kind
    if scene.standing.resident is None:
        await consenting.claim(scene, consenting.AGREED, version=made.version, kind=kind)
    else:
        await consenting.keep(scene, scene.standing.resident, made)
    return kind


async def _go_on(scene: Scene, made: Claim) -> bool:
    if made.code_id is not None:
        code = await scene.session.get_one(Code, made.code_id, populate_existing=True)
        return await _bind(scene, code, made.resident_id)
    if made.resident_id is None or await binding.locked(scene):
        return False
    return await _belongs(scene, made.resident_id, made.phone_id)


async def _agreed(scene: Scene, code: Code, record: int | None) -> bool:
    """Bind at once if whoever it will be has agreed before; else they are asked to."""
    whose = None if scene.standing.homes else record
    wanted = await consenting.version(scene, code.home_id)
    strange = code.home_id is None and scene.standing.resident is not None
    if not strange and await consenting.missing(scene, wanted, whose):
        await consenting.ask(scene, wanted, code_id=code.id, resident_id=record)
        return False
    return await _bind(scene, code, record)


async def _bind(scene: Scene, code: Code, record: int | None) -> bool:
    if not await binding.take(scene, code):
        return False
    if code.staff_id is not None:
        await binding.link_staff(scene, code.staff_id)
    elif code.home_id is not None:
        await binding.bind_home(scene, code, record)
        await _spread(scene, code, record)
    elif code.resident_id is not None:
        return await linking.link(scene, code.resident_id)
    return True


async def _spread(scene: Scene, code: Code, record: int | None) -> None:
    """Who should know hears of it: the other chats of a record, and the owner who invited."""
    if record is not None and code.resident_id is None and scene.standing.resident == record:
        await linking.announce(scene)
    if code.inviter_id is not None:
        await inviting.joined(scene, code)


async def _belongs(scene: Scene, record: int, registered: int | None) -> bool:
    """The account is that of the resident who is registered with its number."""
    await binding.become(scene, record, "a contact with the registered phone")
    proven = update(Phone).where(Phone.resident_id == record, Phone.id == registered)
    await scene.session.execute(proven.values(verified_at=scene.work.now))
    await binding.right(scene)
    await binding.stands(scene, record)
    scene.reply("bind.known", homes=[str(home[1]) for home in scene.standing.homes])
    await linking.announce(scene)
    return True
