"""A user's mistake, told in one line."""


class BadInput(ValueError):
    """Input that its user can mend: one line that names the file, the row or frame, what is wrong and what to do.

    Commands print the line and exit with status 2; per-film stages put that film aside and go on.
    """

    def __init__(self, what: str) -> None:
        super().__init__(" ".join(str(what).split()))
