"""A community comes from its workbooks: buildings, homes, residents, staff and shifts, all or nothing."""
