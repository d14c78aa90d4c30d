"""A film that is a list of other files is none: what FFmpeg would open for it may be anything on the disk or net."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.errors import BadInput
from corpora.video import probe, strip_sound

LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nother.mp4\n#EXT-X-ENDLIST\n",
    "hls of the net": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile other.mp4\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>other.mp4</BaseURL></MPD>',
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_other_files_is_no_film(name: str, tmp_path: Path, film_bytes: bytes) -> None:
    (tmp_path / "other.mp4").write_bytes(film_bytes)
    film = tmp_path / "film.mp4"
    film.write_text(LISTS[name])
    for read in (probe, lambda path: strip_sound(path, tmp_path / "silent.mp4")):
        with pytest.raises(BadInput, match=r"film\.mp4: not a readable video"):
            read(film)
    assert not (tmp_path / "silent.mp4").exists()
