"""Somebody brings a code: typed, scanned, or the four digits that a scanned one still wanted."""

from __future__ import annotations

from handlers.desk import Scene
from handlers.people import binding, linking, scanning


async def redeem(scene: Scene, text: str) -> bool:
    """Do what a code stands for; the scene then stands differently. False when it cannot, or not yet."""
    if scanning.is_scene(text):
        await scanning.scanned(scene, text)
        return False
    digits = binding.ending(text)
    claimed = await binding.claimed(scene) if digits else None
    if digits and claimed is not None:
        return await scanning.answered(scene, claimed, digits)
    code = await binding.redeem(scene, text)
    if code is None:
        return False
    if code.staff_id is not None:
        await binding.link_staff(scene, code.staff_id)
    elif code.home_id is not None:
        await binding.bind_home(scene, code)
    elif code.resident_id is not None:
        return await linking.link(scene, code.resident_id)
    return True
