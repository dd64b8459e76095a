"""What is remembered: one concept a module, and the questions asked of it."""

from models.account import Account
from models.attachment import Attachment
from models.base import Base
from models.card import Card
from models.code import Code
from models.community import Building, Community, Home
from models.conversation import Conversation, DeadLetter, Inbox
from models.due import Due
from models.group import Group
from models.lease import Lease
from models.outbox import Outbox
from models.resident import ChangeLog, Consent, Membership, Phone, Resident
from models.staff import Shift, Staff, StaffRole
from models.ticket import Ticket, TicketEvent, TicketNumber
from models.web import WebMessage

__all__ = [
    "Account",
    "Attachment",
    "Base",
    "Building",
    "Card",
    "ChangeLog",
    "Code",
    "Community",
    "Consent",
    "Conversation",
    "DeadLetter",
    "Due",
    "Group",
    "Home",
    "Inbox",
    "Lease",
    "Membership",
    "Outbox",
    "Phone",
    "Resident",
    "Shift",
    "Staff",
    "StaffRole",
    "Ticket",
    "TicketEvent",
    "TicketNumber",
    "WebMessage",
]
