"""What type checkers read in the stubs of functions: stubs alone, nothing of which runs."""
