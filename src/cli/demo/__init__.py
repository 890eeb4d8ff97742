"""`omega demo`: indicators, risk and models of two stock indices, as tables, files and a report."""
