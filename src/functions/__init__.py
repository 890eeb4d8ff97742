"""The Python face of every function: typed functions for people, one door for programs."""
