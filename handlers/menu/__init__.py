"""What a person can ask for without a ticket or a draft: by a tap, a command, a code, or in plain words."""
