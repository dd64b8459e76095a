"""The web page's door: a resident's chat and the staff's groups in a browser."""

from bot.web.channel import WebChannel
from bot.web.routes import router

__all__ = ["WebChannel", "router"]
