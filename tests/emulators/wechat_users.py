"""What an account may know of its followers: since 2021 neither name nor picture. WeChat docs: 用户管理."""

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import OK, Body, Endpoint, Office
from tests.emulators.wechat_world import Person

MOST_AT_ONCE = 100
A_PAGE = 10_000
LONGEST_REMARK = 29


def info(office: Office, call: Call) -> JSON:
    return _about(office.world.known(call.text("openid")))


def _about(person: Person) -> JSON:
    if not person.following:
        return {"subscribe": 0, "openid": person.openid}
    number = person.scene if person.scene.isdecimal() else ""
    return {
        "subscribe": 1,
        "openid": person.openid,
        "subscribe_time": person.followed_at,
        "remark": person.remark,
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": person.came_by,
        "qr_scene": int(number or 0),
        "qr_scene_str": "" if number else person.scene,
    }


def info_of_many(office: Office, call: Call) -> JSON:
    asked = call.body.get("user_list")
    if not isinstance(asked, list) or not 1 <= len(asked) <= MOST_AT_ONCE:
        raise refused(47001)
    openids = [one.get("openid") if isinstance(one, dict) else None for one in asked]
    return {"user_info_list": [_about(office.world.known(openid)) for openid in openids]}


def followers(office: Office, call: Call) -> JSON:
    """A page of openids, those after `next_openid`."""
    all_of_them = [person.openid for person in office.world.people.values() if person.following]
    after = call.text("next_openid")
    start = all_of_them.index(after) + 1 if after in all_of_them else 0
    page = all_of_them[start : start + A_PAGE]
    answer: JSON = {"total": len(all_of_them), "count": len(page)}
    answer |= {"data": {"openid": page}} if page else {}
    return answer | {"next_openid": page[-1] if page else ""}


def remark(office: Office, call: Call) -> JSON:
    person, text = office.world.follower(call.body.get("openid")), call.body.get("remark")
    if not isinstance(text, str) or len(text) > LONGEST_REMARK:
        raise refused(47001)
    person.remark = text
    return OK


USERS = {
    "user/info": Endpoint(info),
    "user/info/batchget": Endpoint(info_of_many, Body.JSON),
    "user/get": Endpoint(followers),
    "user/info/updateremark": Endpoint(remark, Body.JSON),
}
