"""What is remembered: one concept a module, and the questions asked of it."""

from models.account import Account
from models.attachment import Attachment
from models.base import Base
from models.card import Card
from models.code import Claim, Code
from models.community import Building, Community, Home
from models.conversation import Conversation, DeadLetter, Inbox
from models.due import Due
from models.gatepass import GatePass, GateScan
from models.group import Group
from models.lease import Lease
from models.merge import Merge
from models.outbox import Outbox
from models.resident import ChangeLog, Consent, Membership, Phone, Resident
from models.staff import Shift, Staff, StaffRole
from models.tally import Tally
from models.ticket import Ticket, TicketEvent, TicketNumber
from models.web import WebMessage
from models.wecom import WecomCode

__all__ = [
    "Account",
    "Attachment",
    "Base",
    "Building",
    "Card",
    "ChangeLog",
    "Claim",
    "Code",
    "Community",
    "Consent",
    "Conversation",
    "DeadLetter",
    "Due",
    "GatePass",
    "GateScan",
    "Group",
    "Home",
    "Inbox",
    "Lease",
    "Membership",
    "Merge",
    "Outbox",
    "Phone",
    "Resident",
    "Shift",
    "Staff",
    "StaffRole",
    "Tally",
    "Ticket",
    "TicketEvent",
    "TicketNumber",
    "WebMessage",
    "WecomCode",
]
