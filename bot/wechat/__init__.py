"""The WeChat door: residents write to an official account, and are answered there."""
