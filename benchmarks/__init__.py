"""What crossing the language border costs, and how Omega compares with other libraries: see README.md."""
