"""What is held of a person is theirs: handed out when they ask for it, found and erased when they wish."""
