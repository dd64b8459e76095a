"""The stories as they are played by people with phones and browsers, before the program itself."""
