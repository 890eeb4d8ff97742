"""`omega run`: a function, or many, over a file."""
