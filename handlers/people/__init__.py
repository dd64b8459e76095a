"""How somebody becomes a resident, says what is held of them and agrees to it, moves out, or leaves."""
