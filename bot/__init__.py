"""The doors: everything that knows a vendor, a socket or a clock."""
