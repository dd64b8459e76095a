"""Who people are to us: codes that bind, chats that belong together, two records that are one person."""
