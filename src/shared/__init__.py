"""The contracts in Python: errors, records, specs and table schemas."""
