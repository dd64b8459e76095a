"""An owner invites who lives with them: a code to be forwarded, and word of who came in by it."""

from __future__ import annotations

from handlers import doors, reaching
from handlers.desk import Scene
from handlers.envelopes import Button, Outgoing
from handlers.people import binding
from models.code import Code
from models.community import Community, Home
from models.resident import Resident, owners_of

ROLES = ("family", "tenant")


async def invite(scene: Scene, home: int, role: str) -> None:
    """Make a one-time code for a home of their own, with a text around it that can be passed on as it is."""
    resident = scene.standing.resident
    place = await scene.session.get(Home, home)
    owners = await owners_of(scene.session, home, scene.work.now)
    if place is None or resident not in owners or role not in ROLES:
        scene.reply("invite.not_yours")
        return
    code = await binding.issue(scene.session, scene.work.now, role=role, home=home, inviter=resident)
    community = await scene.session.get_one(Community, place.community_id)
    scene.reply("invite.made", days=binding.INVITATION_LIVES.days)
    text = scene.text(
        "invite.text",
        home=place.name,
        community=community.called(scene.locale),
        role=scene.text(f"role.{role}"),
        code=code,
        days=binding.INVITATION_LIVES.days,
    )
    scene.replies.append(Outgoing(text))


async def joined(scene: Scene, code: Code) -> None:
    """Whoever invited hears who came, and can show them out again."""
    assert code.inviter_id is not None
    place = await scene.session.get_one(Home, code.home_id)
    person = await scene.session.get_one(Resident, scene.standing.resident)
    for account in (await reaching.resident(scene.work.desk, scene.session, code.inviter_id))[:1]:
        texts = scene.work.desk.texts
        chat = texts.say(doors.called(scene.inbound.channel, texts), account.locale)
        role = scene.work.say(f"role.{code.role}", account.locale)
        told = scene.work.say(
            "invite.joined", account.locale, name=person.name, home=place.name, role=role, chat=chat
        )
        look = Button(scene.work.say("profile.title", account.locale), "m.profile")
        await reaching.send(scene.work, account, Outgoing(told, buttons=((look,),)))
