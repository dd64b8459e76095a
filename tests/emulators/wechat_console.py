"""The account's own business: tokens, quotas, the addresses of WeChat's servers, the ticket for pages."""

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import OK, Body, Endpoint, Office
from tests.emulators.wechat_tokens import Token


def classic_token(office: Office, call: Call) -> JSON:
    _identify(office, call, call.query)
    return _issued(office, office.tokens.classic())


def stable_token(office: Office, call: Call) -> JSON:
    _identify(office, call, call.body)
    force = call.body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise refused(47001)
    return _issued(office, office.tokens.forced() if force else office.tokens.stable())


def _issued(office: Office, token: Token) -> JSON:
    return {"access_token": token.value, "expires_in": office.tokens.remaining(token)}


def _identify(office: Office, call: Call, given: JSON) -> None:
    """Who asks, and from where."""
    account = office.world.account
    _credentials(office, given)
    if given.get("grant_type") != "client_credential":
        raise refused(40002)
    if account.whitelist is not None and call.ip not in account.whitelist:
        where = f"{call.ip} ipv6 ::ffff:{call.ip}, not in whitelist"
        raise refused(40164, where)


def _credentials(office: Office, given: JSON) -> None:
    account = office.world.account
    if not given.get("appid"):
        raise refused(41002)
    if given["appid"] != account.appid:
        raise refused(40013)
    if not given.get("secret"):
        raise refused(41004)
    if given["secret"] != account.secret:
        raise refused(40125)


def clear_quota(office: Office, call: Call) -> JSON:
    if call.body.get("appid") != office.world.account.appid:
        raise refused(40013)
    office.meter.clear()
    return OK


def quota(office: Office, call: Call) -> JSON:
    path = str(call.body.get("cgi_path", "")).removeprefix("/cgi-bin/")
    if path not in office.paths:
        raise refused(76021)
    limit, used = office.meter.limit(path), office.meter.used(path)
    return OK | {"quota": {"daily_limit": limit, "used": used, "remain": limit - used}}


def servers(_: Office, __: Call) -> JSON:
    return {"ip_list": ["127.0.0.1", "101.226.103.0/25"]}


def page_ticket(office: Office, call: Call) -> JSON:
    """The ticket for signing pages; it stays the same while the stable token would."""
    if call.text("type") != "jsapi":
        raise refused(40097)
    ticket = office.page_tickets.stable()
    return OK | {"ticket": ticket.value[:86], "expires_in": office.page_tickets.remaining(ticket)}


CONSOLE = {
    "token": Endpoint(classic_token, open=True, certified=False),
    "stable_token": Endpoint(stable_token, Body.JSON, open=True, certified=False),
    "clear_quota": Endpoint(clear_quota, Body.JSON, certified=False),
    "openapi/quota/get": Endpoint(quota, Body.JSON, certified=False),
    "getcallbackip": Endpoint(servers, certified=False),
    "get_api_domain_ip": Endpoint(servers, certified=False),
    "ticket/getticket": Endpoint(page_ticket),
}
