"""Both engines' history in one Postgres database instead of SQLite files: needed once several machines write it.

`FOCUSEDAD_POSTGRES` is the database's URL, `postgresql://user@host/name`; a password stands in it or, better, where
libpq looks (`~/.pgpass`, `PGPASSWORD`). Dagster and MLflow both have tables `runs` and `alembic_version`, so each gets
a schema of its own.
"""

from __future__ import annotations

import os
from functools import cache

from common.errors import BadInput

POSTGRES = "FOCUSEDAD_POSTGRES"
_LOCK = 7036874417  # any number that all who make schemas here agree on


def store_url(schema: str) -> str | None:
    """The URL under which `schema` is what is read and written; the schema is made if need be.

    None where no database is named; `BadInput` where it does not answer.
    """
    url = os.environ.get(POSTGRES)
    return _schema_url(url, schema) if url else None


@cache
def _schema_url(url: str, schema: str) -> str:
    from sqlalchemy import create_engine, text
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError

    try:
        address = make_url(url).set(drivername="postgresql+psycopg2")
        engine = create_engine(address)
        with engine.begin() as connection:  # two who come at once make it once
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
        engine.dispose()
    except (ArgumentError, ValueError):
        raise BadInput(f"{POSTGRES}: not a URL; write postgresql://user@host/name") from None
    except DBAPIError as error:
        why = str(error.orig).strip().splitlines()[0]
        raise BadInput(
            f"{POSTGRES}: the database cannot be used: {why}; start it, give the role its rights, or unset {POSTGRES}"
        ) from None
    inside = address.update_query_dict({"options": f"-csearch_path={schema}"})
    return inside.render_as_string(hide_password=False)
