"""What the doors of WeChat and of WeCom share: sealed letters, and calls with an access token."""
