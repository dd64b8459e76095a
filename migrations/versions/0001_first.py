"""The first tables: communities and their people, conversations, tickets, and what waits to be sent.

Revision ID: 0001
Revises:
Create Date: 2026-11-23
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INSTANT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")

TABLES = (
    "community",
    "dead_letter",
    "lease",
    "merge",
    "resident",
    "staff",
    "tally",
    "web_message",
    "wecom_code",
    "account",
    "building",
    "change_log",
    "consent",
    "phone",
    "shift",
    "staff_group",
    "staff_role",
    "ticket_number",
    "conversation",
    "home",
    "code",
    "claim",
    "inbox",
    "membership",
    "ticket",
    "attachment",
    "card",
    "gate_pass",
    "gate_scan",
    "due",
    "ticket_event",
    "outbox",
)
"""In the order in which they can be made: what is pointed at comes first."""


def upgrade() -> None:
    op.create_table(
        "community",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("settings", JSON, nullable=False),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "dead_letter",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("first_at", INSTANT, nullable=False),
        sa.Column("dead_at", INSTANT, nullable=True),
        sa.UniqueConstraint("channel", "bot", "key"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("holder", sa.String(64), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("data", JSON, nullable=False),
    )
    op.create_table(
        "tally",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("until", INSTANT, nullable=False),
    )
    op.create_index("ix_tally_until", "tally", ["until"])
    op.create_table(
        "merge",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("keep_id", ID, nullable=False),
        sa.Column("gone_id", ID, nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("undone_by", sa.String(200), nullable=True),
        sa.Column("undone_at", INSTANT, nullable=True),
        sa.Column("moved", JSON, nullable=False),
    )
    op.create_index("ix_merge_keep_id", "merge", ["keep_id"])
    op.create_index("ix_merge_gone_id", "merge", ["gone_id"])
    op.create_table(
        "resident",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("locale", sa.String(16), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("erased_at", INSTANT, nullable=True),
        sa.Column("settings", JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "staff",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_en", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(20), nullable=True),
        sa.Column("photo", sa.String(200), nullable=True),
        sa.Column("left_at", INSTANT, nullable=True),
    )
    op.create_table(
        "web_message",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("sender", sa.String(64), nullable=False),
        sa.Column("body", JSON, nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_index("ix_web_message_changed", "web_message", ["changed"])
    op.create_index("ix_web_message_chat_changed", "web_message", ["chat", "changed"])
    op.create_table(
        "wecom_code",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("task", sa.String(128), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("code", sa.String(512), nullable=False),
        sa.Column("got_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.UniqueConstraint("bot", "code"),
    )
    op.create_index("ix_wecom_code_bot_task_account", "wecom_code", ["bot", "task", "account"])
    op.create_index("ix_wecom_code_got_at", "wecom_code", ["got_at"])
    op.create_table(
        "account",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("external_id", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("locale", sa.String(16), nullable=False),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=True),
        sa.Column("staff_id", ID, sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("recheck", sa.Boolean(), nullable=False),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("locked_until", INSTANT, nullable=True),
        sa.Column("last_heard_at", INSTANT, nullable=True),
        sa.UniqueConstraint("channel", "bot", "external_id"),
    )
    op.create_index("ix_account_resident_id", "account", ["resident_id"])
    op.create_index("ix_account_staff_id", "account", ["staff_id"])
    op.create_table(
        "building",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("assistant_id", ID, sa.ForeignKey("staff.id"), nullable=True),
        sa.UniqueConstraint("community_id", "name"),
    )
    op.create_table(
        "change_log",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=False),
        sa.Column("field", sa.String(64), nullable=False),
        sa.Column("old", sa.String(500), nullable=True),
        sa.Column("new", sa.String(500), nullable=True),
        sa.Column("why", sa.String(200), nullable=False),
        sa.Column("who", sa.String(200), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_index("ix_change_log_resident_id", "change_log", ["resident_id"])
    op.create_table(
        "consent",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.UniqueConstraint("resident_id", "purpose", "version"),
    )
    op.create_table(
        "phone",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("verified_at", INSTANT, nullable=True),
        sa.UniqueConstraint("resident_id", "number"),
    )
    op.create_index("ix_phone_number", "phone", ["number"])
    op.create_table(
        "shift",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("staff_id", ID, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("ends_at", INSTANT, nullable=False),
    )
    op.create_index("ix_shift_community_id_role_ends_at", "shift", ["community_id", "role", "ends_at"])
    op.create_table(
        "staff_group",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("purpose", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("channel", "bot", "chat", "purpose"),
    )
    op.create_index("ix_staff_group_community_id", "staff_group", ["community_id"])
    op.create_table(
        "staff_role",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("staff_id", ID, sa.ForeignKey("staff.id"), nullable=False),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.UniqueConstraint("staff_id", "community_id", "role"),
    )
    op.create_index("ix_staff_role_community_id", "staff_role", ["community_id"])
    op.create_table(
        "ticket_number",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("month", sa.String(4), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.UniqueConstraint("community_id", "month"),
    )
    op.create_table(
        "conversation",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("account_id", ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("draft", JSON, nullable=True),
        sa.Column("offered", JSON, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("touched_at", INSTANT, nullable=False),
        sa.UniqueConstraint("channel", "bot", "chat", "account_id"),
    )
    op.create_table(
        "home",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("building_id", ID, sa.ForeignKey("building.id"), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.UniqueConstraint("community_id", "name"),
    )
    op.create_table(
        "code",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("home_id", ID, sa.ForeignKey("home.id"), nullable=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=True),
        sa.Column("staff_id", ID, sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("inviter_id", ID, sa.ForeignKey("resident.id"), nullable=True),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("issued_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("used_by", ID, sa.ForeignKey("account.id"), nullable=True),
        sa.Column("pin_digest", sa.String(64), nullable=True),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.UniqueConstraint("digest"),
    )
    op.create_table(
        "claim",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("account_id", ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("code_id", ID, sa.ForeignKey("code.id"), nullable=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=True),
        sa.Column("phone_id", ID, nullable=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("waits", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.UniqueConstraint("account_id"),
    )
    op.create_index("ix_claim_code_id", "claim", ["code_id"])
    op.create_index("ix_claim_resident_id", "claim", ["resident_id"])
    op.create_table(
        "inbox",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("conversation_id", ID, sa.ForeignKey("conversation.id"), nullable=True),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("receipt", JSON, nullable=False),
        sa.Column("kept", sa.Text(), nullable=True),
        sa.UniqueConstraint("channel", "bot", "key"),
    )
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])
    op.create_index("ix_inbox_conversation_id_received_at", "inbox", ["conversation_id", "received_at"])
    op.create_table(
        "membership",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=False),
        sa.Column("home_id", ID, sa.ForeignKey("home.id"), nullable=False),
        sa.Column("role", sa.String(64), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=True),
        sa.Column("verified_by", sa.String(64), nullable=False),
    )
    op.create_index("ix_membership_home_id", "membership", ["home_id"])
    op.create_index("ix_membership_resident_id", "membership", ["resident_id"])
    op.create_table(
        "ticket",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("number", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("home_id", ID, sa.ForeignKey("home.id"), nullable=False),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=True),
        sa.Column("account_id", ID, sa.ForeignKey("account.id"), nullable=True),
        sa.Column("assignee_id", ID, sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("follows_id", ID, sa.ForeignKey("ticket.id"), nullable=True),
        sa.Column("details", JSON, nullable=False),
        sa.Column("clocks", JSON, nullable=False),
        sa.Column("rating", JSON, nullable=True),
        sa.Column("reopened", sa.Integer(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("outcome", sa.String(32), nullable=True),
        sa.UniqueConstraint("number"),
    )
    op.create_index("ix_ticket_assignee_id", "ticket", ["assignee_id"])
    op.create_index("ix_ticket_community_id_state", "ticket", ["community_id", "state"])
    op.create_index("ix_ticket_resident_id_created_at", "ticket", ["resident_id", "created_at"])
    op.create_table(
        "attachment",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=True),
        sa.Column("account_id", ID, sa.ForeignKey("account.id"), nullable=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("source", sa.String(300), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("caption", sa.Text(), nullable=False),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", INSTANT, nullable=False),
        sa.Column("stored", sa.String(300), nullable=True),
        sa.Column("mime", sa.String(100), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
    )
    op.create_index("ix_attachment_account_id", "attachment", ["account_id"])
    op.create_index("ix_attachment_state", "attachment", ["state"])
    op.create_index("ix_attachment_ticket_id", "attachment", ["ticket_id"])
    op.create_table(
        "card",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("group_id", ID, sa.ForeignKey("staff_group.id"), nullable=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("message", sa.String(64), nullable=True),
        sa.Column("shown", sa.String(64), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
    )
    op.create_index("ix_card_channel_bot_chat_message", "card", ["channel", "bot", "chat", "message"])
    op.create_index("ix_card_ticket_id", "card", ["ticket_id"])
    op.create_table(
        "gate_pass",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("community_id", ID, sa.ForeignKey("community.id"), nullable=False),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("since", INSTANT, nullable=False),
        sa.Column("until", INSTANT, nullable=False),
        sa.Column("picture_id", ID, sa.ForeignKey("attachment.id"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("used_at", INSTANT, nullable=True),
        sa.Column("used_by", ID, sa.ForeignKey("staff.id"), nullable=True),
        sa.UniqueConstraint("community_id", "code"),
    )
    op.create_index("ix_gate_pass_code", "gate_pass", ["code"])
    op.create_index("ix_gate_pass_ticket_id", "gate_pass", ["ticket_id"])
    op.create_table(
        "gate_scan",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("attachment_id", ID, sa.ForeignKey("attachment.id", ondelete="CASCADE"), nullable=False),
        sa.Column("account_id", ID, sa.ForeignKey("account.id"), nullable=False),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
    )
    op.create_index("ix_gate_scan_attachment_id", "gate_scan", ["attachment_id"])
    op.create_table(
        "due",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=True),
        sa.Column("resident_id", ID, sa.ForeignKey("resident.id"), nullable=True),
        sa.Column("cycle", sa.String(64), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at", INSTANT, nullable=True),
        sa.UniqueConstraint("kind", "ticket_id", "cycle"),
        sa.UniqueConstraint("kind", "resident_id", "cycle"),
    )
    op.create_index("ix_due_done_at_at", "due", ["done_at", "at"])
    op.create_index("ix_due_ticket_id", "due", ["ticket_id"])
    op.create_index("ix_due_resident_id", "due", ["resident_id"])
    op.create_table(
        "ticket_event",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("staff_id", ID, sa.ForeignKey("staff.id"), nullable=True),
        sa.Column("from_state", sa.String(64), nullable=True),
        sa.Column("to_state", sa.String(64), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("audience", sa.String(64), nullable=False),
        sa.Column("source", sa.String(200), nullable=True),
    )
    op.create_index("ix_ticket_event_source", "ticket_event", ["source"])
    op.create_index("ix_ticket_event_ticket_id", "ticket_event", ["ticket_id"])
    op.create_table(
        "outbox",
        sa.Column("id", ID, primary_key=True, autoincrement=True),
        sa.Column("channel", sa.String(64), nullable=False),
        sa.Column("bot", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("card_id", ID, sa.ForeignKey("card.id"), nullable=True),
        sa.Column("ticket_id", ID, sa.ForeignKey("ticket.id"), nullable=True),
        sa.Column("account_id", ID, sa.ForeignKey("account.id"), nullable=True),
        sa.Column("event_id", ID, sa.ForeignKey("ticket_event.id"), nullable=True),
        sa.Column("state", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("message", sa.String(64), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
    )
    op.create_index("ix_outbox_card_id", "outbox", ["card_id"])
    op.create_index("ix_outbox_channel_bot_chat_state", "outbox", ["channel", "bot", "chat", "state"])
    op.create_index("ix_outbox_event_id", "outbox", ["event_id"])
    op.create_index("ix_outbox_sent_at", "outbox", ["sent_at"])
    op.create_index("ix_outbox_waiting", "outbox", ["channel", "bot", "state", "lane", "id"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
