"""What an account sends of its own accord: custom messages, the typing sign, notices by template."""

from typing import Any

from tests.emulators.tencent_clock import MINUTE
from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_bubbles import Bubble, Via, drawn
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_contents import check
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import OK, Body, Endpoint, Office
from tests.emulators.wechat_templates import Template, find
from tests.emulators.wechat_world import Kind, Person

TYPES_FOR = 15.0
TYPES_AFTER = 30.0
REMEMBERED = 10 * MINUTE
"""How long a client_msg_id keeps a template message from being sent twice."""

BLOCKED, DELIVERED = "failed:user block", "success"


def send_custom(office: Office, call: Call) -> JSON:
    """WeChat docs: 发送客服消息. Fields, openid, following, blocks, window, count, day: in this order."""
    body, world = call.body, office.world
    kind = body.get("msgtype")
    if not isinstance(kind, str):
        raise refused(40008)
    if kind == "msgmenu" and world.account.kind is Kind.TEST:
        raise refused(40200)
    content = _object(body, kind)
    check(kind, content, world.shelf)
    if kind == "news" and len(content["articles"]) > 1:
        raise refused(45008)
    person = _reachable(office, body.get("touser"))
    allowance = person.allowances.check()
    office.meter.spend(call.path)
    allowance.left -= 1
    bubble = drawn(kind, content, world.shelf)
    bubble.by_ai = bool(_inner(body, "aimsgcontext").get("is_ai_msg"))
    world.show(person, bubble, Via.CUSTOM)
    return OK


def _object(body: JSON, name: str) -> JSON:
    content = body.get(name)
    if not isinstance(content, dict):
        raise refused(40008 if name not in body else 47001)
    return content


def _inner(body: JSON, name: str) -> JSON:
    inner = body.get(name)
    return inner if isinstance(inner, dict) else {}


def _reachable(office: Office, openid: Any) -> Person:
    person = office.world.follower(openid)
    if person.blacklisted:
        raise refused(43019)
    if person.refuses:
        raise refused(48002)
    return person


def show_typing(office: Office, call: Call) -> JSON:
    """WeChat docs: 客服输入状态. Costs nothing of the allowance, but needs one."""
    person, now = _reachable(office, call.body.get("touser")), office.world.clock.seconds()
    match call.body.get("command"):
        case "CancelTyping":
            person.typing_until = now
        case "Typing":
            _start_typing(person, now)
        case _:
            raise refused(45072)
    person.changed.fire()
    return OK


def _start_typing(person: Person, now: float) -> None:
    if now - person.acted_at > TYPES_AFTER:
        raise refused(45080)
    person.allowances.check()
    if person.typing_until > now:
        raise refused(45081)
    person.typing_until = now + TYPES_FOR


def send_template(office: Office, call: Call) -> JSON:
    """WeChat docs: 发送模板消息. How it went comes later, as a TEMPLATESENDJOBFINISH."""
    body, world = call.body, office.world
    template = find(world.templates.service, body.get("template_id"))
    facts = template.facts(body.get("data"), strict=world.account.kind is not Kind.TEST)
    person = world.follower(body.get("touser"))
    if template.id in person.muted:
        raise refused(43101)
    office.meter.spend(call.path)
    client_id = body.get("client_msg_id")
    known = _already_sent(office, client_id)
    if known is not None:
        return OK | {"msgid": known}
    number = world.next_job_id()
    if client_id:
        world.jobs[client_id] = (number, world.clock.seconds())
    _deliver(office, person, template, facts, body, number)
    return OK | {"msgid": number}


def _already_sent(office: Office, client_id: object) -> int | None:
    number, at = office.world.jobs.get(str(client_id or ""), (None, 0.0))
    return number if office.world.clock.seconds() - at < REMEMBERED else None


def _deliver(
    office: Office, person: Person, template: Template, facts: dict[str, str], body: JSON, number: int
) -> None:
    if not person.refuses:
        office.world.show(person, _notice(template, facts, body), Via.TEMPLATE)
    status = BLOCKED if person.refuses else DELIVERED
    office.tell(person, "TEMPLATESENDJOBFINISH", MsgID=number, Status=status)


def _notice(template: Template, facts: dict[str, str], body: JSON) -> Bubble:
    """If there is a mini-program as well, the link is not used."""
    lines = [template.title, *(f"{label}：{value}" for label, value in facts.items())]
    url = "" if body.get("miniprogram") else str(body.get("url") or body.get("page") or "")
    return Bubble("template", "\n".join(lines), url=url, facts=facts, template_id=template.id)


def send_subscription(office: Office, call: Call) -> JSON:
    """WeChat docs: 发送订阅通知. Every consent is good for one notice, and following is not needed."""
    body, world = call.body, office.world
    template = find(world.templates.subscription, body.get("template_id"))
    facts = template.facts(body.get("data"), strict=True)
    person = world.known(body.get("touser"))
    if not person.grants[template.id]:
        raise refused(43101)
    office.meter.spend(call.path)
    if not template.long_term:
        person.grants[template.id] -= 1
    world.show(person, _notice(template, facts, body), Via.SUBSCRIPTION)
    sent = {"TemplateId": template.id, "MsgID": world.next_job_id(), "ErrorCode": 0, "ErrorStatus": "success"}
    office.tell(person, "subscribe_msg_sent_event", SubscribeMsgSentEvent={"List": sent})
    return OK


def list_templates(office: Office, _: Call) -> JSON:
    return {"template_list": [template.as_dict() for template in office.world.templates.service.values()]}


SENDING = {
    "message/custom/send": Endpoint(send_custom, Body.JSON, spends=True),
    "message/custom/typing": Endpoint(show_typing, Body.JSON),
    "message/template/send": Endpoint(send_template, Body.JSON, spends=True),
    "message/subscribe/bizsend": Endpoint(send_subscription, Body.JSON, spends=True),
    "template/get_all_private_template": Endpoint(list_templates),
}
