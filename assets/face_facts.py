"""What the gate of query_banks looks at: every face of a film, and how far its characters lie apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from models.perception.bank_files import Banks

FACES = ["frame", "x1", "y1", "x2", "y2", "confidence", "side", "length"]


def face_rows(faces: pd.DataFrame) -> pd.DataFrame:
    """A row a face: `side` is the box's shorter side in pixels, `length` that of its embedding, which should be 1."""
    import numpy as np

    sides = np.minimum(faces["x2"] - faces["x1"], faces["y2"] - faces["y1"])
    lengths = [float(np.linalg.norm(each)) for each in faces["embedding"]]
    return faces.assign(side=sides, length=lengths)[FACES].astype({"length": float})


def share_of_frames(faces: pd.DataFrame, folder: Path) -> float:
    """Frames with a face among all frames of the film; only key frames are looked at, so it is 1 / stride at most."""
    from common.files import read_json

    frames = max((shot["last"] + 1 for shot in read_json(folder / "shots.json")), default=0)
    return float(faces["frame"].nunique() / max(frames, 1))


def spread_rows(embeddings_nd: np.ndarray, banks: Banks) -> pd.DataFrame:
    """A row a character with a query: does its face vary less than it differs from the next character's?

    `within` is the median squared L2 from the query to the faces that it is nearest to and would name, `between` the
    distance to the nearest other query, `spread` their quotient: nan where there is no such face or no other query.
    """
    import numpy as np
    import pandas as pd

    from models.perception.recognition import distances

    names = sorted(banks.best)
    columns = ["name", "within", "between", "spread"]
    if not names or not len(embeddings_nd):
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[1:], float))
    queries_kd = np.stack([banks.best[name] for name in names])
    to_queries_nk, apart_kk = distances(embeddings_nd, queries_kd), distances(queries_kd, queries_kd)
    np.fill_diagonal(apart_kk, np.inf)
    nearest, least = to_queries_nk.argmin(axis=1), to_queries_nk.min(axis=1)
    rows = []
    for number, name in enumerate(names):
        own = least[(nearest == number) & (least <= banks.threshold)]
        within = float(np.median(own)) if len(own) else np.nan
        between = float(apart_kk[number].min()) if len(names) > 1 else np.nan
        rows.append({"name": name, "within": within, "between": between, "spread": within / max(between, 1e-9)})
    return pd.DataFrame(rows, columns=columns)
