"""`python -m models.measuring FILM_FOLDER...`: how good the perception is on studio films."""

from models.measuring.command import main

if __name__ == "__main__":
    raise SystemExit(main())
