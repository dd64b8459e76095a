"""What must hold for every flow there is, whatever people say: nobody is named here."""
