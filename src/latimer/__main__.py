"""`python -m latimer`, for where the command is not on the path."""

from latimer.cli import main

if __name__ == "__main__":
    main()
