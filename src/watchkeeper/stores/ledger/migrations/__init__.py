"""How the ledger's schema came to be: one file in `versions/` a step, never edited later, run by `Ledger.open`."""
