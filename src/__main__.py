"""`python -m omega …`: the same commands as `omega …`."""

from omega.cli import main

if __name__ == "__main__":
    main()
