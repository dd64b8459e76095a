"""Letters that others sealed, and what is in them: the vendors' samples, and those of other libraries."""

from __future__ import annotations

from dataclasses import dataclass

TOKEN = "AAAAA"
"""Of the samples in WeChat's own documentation (消息推送: 接入指南, 消息加解密说明)."""

PLAIN_KEY = "A" * 43
ODD_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
"""Its last letter carries bits that stand for nothing."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message sealed with a key and this noise; `signed` is "" where no signature was published with it."""

    key: str
    receiver: str
    message: str
    encrypted: str
    noise: bytes
    token: str = ""
    timestamp: str = ""
    nonce: str = ""
    signed: str = ""


OFFICIAL_POST = Letter(
    PLAIN_KEY,
    "wxba5fad812f8e6fb9",
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY",'
    '"CreateTime":1714112445,"MsgType":"event","Event":"debug_demo","debug_str":"hello world"}',
    (
        "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzD"
        "pVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2I"
        "uQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F"
        "9mFUPAJGj04="
    ),
    b"a8eedb185eb2fecf",
    TOKEN,
    "1714112445",
    "415670741",
    "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
)
OFFICIAL_REPLY = Letter(
    PLAIN_KEY,
    "wxba5fad812f8e6fb9",
    '{"demo_resp":"good luck"}',
    "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
    b"707722b803182950",
    TOKEN,
    "1713424427",
    "415670741",
    "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
)
WXJAVA = Letter(
    ODD_KEY,
    "wxb11529c136998cb6",
    "我是中文abcd123",
    "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
    b"aaaabbbbccccdddd",
)
"""WxJava, WxCryptUtilTest.java."""
WECOM_GREETING = Letter(
    "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
    "wx5823bf96d3bd56c7",
    "1616140317555161061",
    "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ==",
    b"c41b64491c2468d0",
    token="QDG6eK",
    timestamp="1409659589",
    nonce="263014780",
    signed="5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3",
)
"""WeCom's own sample (企业微信: 加解密方案说明), as is the next one."""
WECOM_POST = Letter(
    WECOM_GREETING.key,
    WECOM_GREETING.receiver,
    "<xml><ToUserName><![CDATA[wx5823bf96d3bd56c7]]></ToUserName>\n"
    "<FromUserName><![CDATA[mycreate]]></FromUserName>\n"
    "<CreateTime>1409659813</CreateTime>\n"
    "<MsgType><![CDATA[text]]></MsgType>\n"
    "<Content><![CDATA[hello]]></Content>\n"
    "<MsgId>4561255354251345929</MsgId>\n"
    "<AgentID>218</AgentID>\n"
    "</xml>",
    (
        "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911"
        "L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLx"
        "AUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9"
        "nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/u"
        "h9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
    ),
    b"0960688932c47ef1",
    token=WECOM_GREETING.token,
    timestamp="1409659813",
    nonce="1372623149",
    signed="477715d11cdb4164915debcba66cb864d751f3e6",
)
WECHATPY = Letter(
    "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR",
    "wx49f0ab532d5d035a",
    "5927782489442352469",
    "4ByGGj+sVCYcvGeQYhaKIk1o0pQRNbRjxybjTGblXrBaXlTXeOo1+bXFXDQQb1o6co6Yh9Bv41n7hOchLF6p+Q==",
    b"2304fc2fe146f1f8",
    token="123456",
    timestamp="1411443780",
    nonce="437374425",
    signed="dd6b9c95b495b3f7e2901bfbc76c664930ffdb96",
)
"""wechatpy, tests/test_crypto.py."""
POWERWECHAT = Letter(
    "CyjBvGm4tJNmcThkeL5Wajzom4jKlBygKtpTkYeqsnE",
    "wwedab3d5fc43636d8",
    "6058207018001857403",
    "o1XtmVltGmUAqoWee54yd4Q5ZBgrw4/9lFo5qdZoVPd1DybzarjuYCfFlR2AFbAcWHwFgmbrVBD+f9910QIF6g==",
    b"12d982b1b38cd694",
    token="pcoLldqMu2WQQtYBeDX5HiXPsBFlTnDM",
    timestamp="1623292419",
    nonce="1623324060",
    signed="1495c4dfd4958d4e5faf618978ae66943a042f87",
)
"""PowerWeChat, Encryptor_test.go."""
OPENSSL = Letter(
    ODD_KEY,
    "wxb11529c136998cb6",
    "<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUser]]></FromUserName>"
    "<CreateTime>1700000000</CreateTime><MsgType><![CDATA[text]]></MsgType>"
    "<Content><![CDATA[报修]]></Content><MsgId>24295000000000001</MsgId></xml>",
    (
        "jn1L23DB+6ELqJ+6bruv21x42EZs7S1eI/YJ0EwKfCxpAwEhUVBRU+y+sXOSIqygYdcArJqe4urzbqaymjtShTW/kH/QKy8n"
        "rfRXcVOrpIz4FJoVQyi6iqGDxnx8uwb1A7wkXiaAXJfqIqWxRWJhMYhCRtMX1m7jHgJ8nBK3SZ1NiV+lvujnCxHaBd71JTBK"
        "8bLfNg8pqj5ESKlK3N+kpWN4oZB+yTlN2+3bW/hWDdh+24+4vCgEVQqFdmeSu6S6UWP+qHA7+D/8l7ibQym4VkqY0EFH3DN2"
        "fc7hZsjvf7nV1l2YLlJ1RQKcLzzbqYtN1lPBYBigJ7z2IqQVqkOMHKtPPeeMMqW7p6qng53Fc3PWhEep1aTjpxumRXJW4ylJ"
    ),
    b"aaaabbbbccccdddd",
    "tok3n",
    "1700000000",
    "nonce1",
    "21ed77222fd83dfbf2f6328d140cd35c93c9cd73",
)
"""Opened with openssl, too: the resident's 报修 in XML."""

ALL = {
    "official_post": OFFICIAL_POST,
    "official_reply": OFFICIAL_REPLY,
    "wxjava": WXJAVA,
    "wecom_greeting": WECOM_GREETING,
    "wecom_post": WECOM_POST,
    "wechatpy": WECHATPY,
    "powerwechat": POWERWECHAT,
    "openssl": OPENSSL,
}

SIGNATURES = [
    ("AAAAA", ("1714036504", "1514711492"), "f464b24fc39322e44b38aa78f5edd27bd1441696"),
    ("AAAAA", ("1714037059", "486452656"), "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ("AAAAA", ("1714112445", "415670741"), "6c5c811b55cc85e0e1b54100749188c20beb3f5d"),
    ("tok3n", ("1700000000", "nonce1"), "e3a36ae6f86fb6f3782349207b367412074e8590"),
    (
        "RMNlACHlV5ThzfRlVS4D4",
        ("timestamp", "nonce", "encrypt"),
        "8edac0945683c119ee71c9f6256d76c48aa08a96",
    ),
]
"""Token, parts, signature: three of WeChat's own, the one of `OPENSSL`, one of node-webot/wechat-crypto."""
