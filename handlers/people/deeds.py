"""What a resident has decided about their own record is done: shown, changed, handed out, erased."""

from __future__ import annotations

from flows.engine.effects import Deed
from handlers.desk import Scene
from handlers.people import binding, inviting, moving_out, record
from handlers.privacy import erasing
from handlers.privacy.erasing import Unerasable


async def do(scene: Scene, deed: Deed) -> None:
    """Carry out a deed, and say so."""
    values = deed.values
    if scene.standing.resident is None:
        scene.reply("bind.first")
        return
    match deed.name:
        case "show":
            await record.show(scene)
        case "change":
            await record.change(scene, values)
        case "name":
            await record.rename(scene, str(values["value"]))
        case "language":
            await record.speak(scene, str(values["value"]))
        case "phone":
            await record.phone(scene, values)
        case "invite":
            await inviting.invite(scene, int(str(values["home"])), str(values["role"]))
        case "move_out":
            await moving_out.own(scene, int(str(values["membership"])))
        case "erase":
            await _erase(scene, scene.standing.resident)
        case _:
            raise ValueError(deed.name)


async def _erase(scene: Scene, resident: int) -> None:
    """Forget somebody who has said so twice; this chat is a stranger's from the next message on."""
    try:
        await erasing.erase(scene.work, resident, f"resident:{resident}")
    except Unerasable as no:
        scene.reply("holding.open_tickets", numbers=[one.number for one in no.tickets])
        return
    scene.draft, scene.offered, scene.kept = None, None, None
    binding.nobody(scene)
    scene.reply("holding.erased")
