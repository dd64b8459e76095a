"""The settings: read once from the environment, checked, and never changed again."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DRIVERS = ("sqlite+aiosqlite", "postgresql+asyncpg")
_ADDRESS = re.compile(
    r"sqlite\+aiosqlite://(/[^?]*)?(\?.*)?"
    r"|postgresql\+asyncpg://([^:/]*(:[^@]*)?@)?(\[[^/?]+\]|[^/:?]+)?(:\d{1,5})?/[^?]+(\?.*)?"
)


_AES_KEY = re.compile(r"[A-Za-z0-9]{43}")
_TOGETHER = {
    "wechat_appid": ("wechat_secret", "wechat_token"),
    "wecom_corpid": ("wecom_secret", "wecom_agentid"),
    "wecom_token": ("wecom_corpid", "wecom_aes_key"),
    "wecom_aes_key": ("wecom_token",),
}


class WrongSetting(Exception):
    """A setting that cannot be used; the message names it and says why, in one line."""


class Settings(BaseSettings):
    """Every setting has the prefix `WUBU_` in the environment; see the README for their meaning."""

    model_config = SettingsConfigDict(env_prefix="WUBU_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str = "sqlite+aiosqlite:///var/wubu.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    demo: bool = False
    demo_life: bool = True
    secret_key: str = ""
    telegram_token: str = ""
    telegram_api: str = "https://api.telegram.org"
    telegram_secret: str = ""
    wechat_appid: str = ""
    wechat_secret: str = ""
    wechat_token: str = ""
    wechat_aes_key: str = ""
    wechat_api: str = "https://api.weixin.qq.com"
    wechat_menu_links: bool = False
    wechat_templates: Path | None = None
    wecom_corpid: str = ""
    wecom_secret: str = ""
    wecom_agentid: str = ""
    wecom_token: str = ""
    wecom_aes_key: str = ""
    wecom_api: str = "https://qyapi.weixin.qq.com"
    media_url: str = "file:///./var/media"
    log_format: Literal["json", "console"] = "console"
    timezone: str = "Asia/Shanghai"
    var: Path = Path("var")
    messages_a_minute: int = Field(default=60, ge=0)
    tick_seconds: float = Field(default=2.0, gt=0)

    @field_validator("database_url")
    @classmethod
    def _known_driver(cls, value: str) -> str:
        if value.partition("://")[0] not in DRIVERS:
            raise ValueError(f"must begin with one of {', '.join(f'{driver}://' for driver in DRIVERS)}")
        if not _ADDRESS.fullmatch(value):
            raise ValueError("is not a database URL such as sqlite+aiosqlite:///var/wubu.db")
        return value

    @field_validator("public_url")
    @classmethod
    def _https(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise ValueError("must be an https:// address")
        return value.rstrip("/")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError("is not a time zone such as Asia/Shanghai") from None
        return value

    @field_validator("telegram_token")
    @classmethod
    def _token(cls, value: str) -> str:
        number, colon, rest = value.partition(":")
        if value and not (number.isdigit() and colon and rest):
            raise ValueError("does not look like 123456:ABC…")
        return value

    @field_validator("wechat_aes_key", "wecom_aes_key")
    @classmethod
    def _keys(cls, value: str) -> str:
        """One EncodingAESKey, or the new one and the old one while they are changed."""
        keys = [key.strip() for key in value.split(",")] if value else []
        if not all(_AES_KEY.fullmatch(key) for key in keys):
            raise ValueError(
                "is not an EncodingAESKey of 43 letters and digits, nor two of them with a comma"
            )
        return ",".join(keys)

    @field_validator("wecom_agentid")
    @classmethod
    def _number(cls, value: str) -> str:
        if value and not value.isdecimal():
            raise ValueError("is a number such as 1000002")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        """An app needs all that belongs to it."""
        for name, needs in _TOGETHER.items():
            missing = [need for need in needs if not getattr(self, need)]
            if getattr(self, name) and missing:
                raise ValueError(f"{missing[0]}: is needed where WUBU_{name.upper()} is set")
        return self

    @model_validator(mode="after")
    def _no_public_demo(self) -> Settings:
        if self.demo and self.public_url:
            raise ValueError("demo: is never possible together with WUBU_PUBLIC_URL")
        return self

    def key(self) -> str:
        """The secret that signs links and cookies; made once and kept in `var/` when none is given."""
        return self.secret_key or _kept(self.var / "secret_key")


def _kept(place: Path) -> str:
    """The secret in a file, which appears there whole: of several who start at once none reads half of it."""
    if not place.exists() or not place.read_text().strip():
        place.parent.mkdir(parents=True, exist_ok=True)
        made = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(32))
        try:
            place.hardlink_to(made)
        except FileExistsError:
            if not place.read_text().strip():
                made.replace(place)
        except OSError:  # a file system without links
            made.replace(place)
        finally:
            made.unlink(missing_ok=True)
    return place.read_text().strip()


def load() -> Settings:
    """The settings of this environment. Raises WrongSetting with one line that names the wrong one."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        said = first["msg"].removeprefix("Value error, ")
        where = "_".join(str(part) for part in first["loc"])
        if not where:  # it takes two settings to be wrong: the message begins with the one to be mended
            where, _, said = said.partition(": ")
        raise WrongSetting(f"WUBU_{where.upper()}: {said}") from None
