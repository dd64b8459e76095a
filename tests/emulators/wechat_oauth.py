"""Pages opened inside WeChat: the phone vouches for who is looking, by a code that the page's server redeems.

WeChat docs: 网页授权. The header `X-Phone` with an openid stands for being that person's WeChat.
"""

from urllib.parse import urlencode, urlsplit

from tests.emulators.tencent_errors import JSON
from tests.emulators.wechat_calls import Call
from tests.emulators.wechat_errors import refused
from tests.emulators.wechat_office import Endpoint, File, Office, Outcome, Redirect
from tests.emulators.wechat_world import Account

BASE, PROFILE = "snsapi_base", "snsapi_userinfo"


def authorize(office: Office, call: Call) -> Outcome:
    """The consent page: it sends the phone back with a code, or shows what is wrong."""
    account, back = office.world.account, call.text("redirect_uri")
    person = office.world.people.get(call.phone)
    if person is None:
        return _page("请在微信客户端打开链接")
    if call.text("appid") != account.appid:
        return _page("appid 参数错误，错误码:10013")
    if urlsplit(back).hostname != account.oauth_domain:
        return _page("redirect_uri域名与后台配置不一致，错误码:10003")
    if call.text("scope") not in (BASE, PROFILE) or call.text("response_type") != "code":
        return _page("scope 参数错误，错误码:10005")
    code = office.consents.vouch(person, call.text("scope"))
    sign = "&" if urlsplit(back).query else "?"
    return Redirect(f"{back}{sign}{urlencode({'code': code, 'state': call.text('state')})}")


def _page(words: str) -> File:
    return File(f"<html><body>{words}</body></html>".encode(), "text/html; charset=utf-8")


def redeem(office: Office, call: Call) -> JSON:
    """A code for a token; a code is good once."""
    _application(office.world.account, call)
    if call.text("grant_type") != "authorization_code":
        raise refused(40002)
    return office.consents.redeem(call.text("code"))


def refresh(office: Office, call: Call) -> JSON:
    if call.text("appid") != office.world.account.appid:
        raise refused(40013)
    if call.text("grant_type") != "refresh_token":
        raise refused(40002)
    return office.consents.refresh(call.text("refresh_token"))


def profile(office: Office, call: Call) -> JSON:
    """Name and picture, if the person consented to that."""
    grant = office.consents.checked(call.text("access_token"), call.text("openid"))
    if grant.scope != PROFILE:
        raise refused(48001)
    about = {"openid": grant.openid, "nickname": grant.person.name, "sex": 0, "headimgurl": ""}
    return about | {"province": "", "city": "", "country": "", "privilege": []}


def still_good(office: Office, call: Call) -> JSON:
    office.consents.checked(call.text("access_token"), call.text("openid"))
    return {"errcode": 0, "errmsg": "ok"}


def _application(account: Account, call: Call) -> None:
    if call.text("appid") != account.appid:
        raise refused(40013)
    if call.text("secret") != account.secret:
        raise refused(40125)


OAUTH = {
    "connect/oauth2/authorize": Endpoint(authorize, open=True),
    "sns/oauth2/access_token": Endpoint(redeem, open=True),
    "sns/oauth2/refresh_token": Endpoint(refresh, open=True),
    "sns/userinfo": Endpoint(profile, open=True),
    "sns/auth": Endpoint(still_good, open=True),
}
