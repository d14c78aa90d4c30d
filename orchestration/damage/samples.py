"""Good files of every corpus, as small as they can be with several rows each."""

from __future__ import annotations

from pathlib import Path

from corpora import cmdad

CLIPS = ("1_F_00.00.01.000-00.00.03.000", "1_F_00.00.04.000-00.00.06.500")
CHARACTER_BANK = {
    "tt1": [
        {"id": "nm1", "name": "A. Actor", "role": "ANNA"},
        {"id": "nm2", "name": "B. Actor", "role": 'Mr. BEN "Benny" (as B.)'},
    ],
    "tt2": [{"id": "nm3", "name": "C", "role": "CLEO"}],
}
SHORT_NAMES = {
    "nm1": {"name": "A. Actor", "role": "Anna Smith", "char_in_ad": "Anna"},
    "nm2": {"name": "B. Actor", "role": "Mr. BEN", "char_in_ad": "BEN"},
}
CAST = [
    {"id": "nm1", "name": "A. Actor", "role": "ANNA", "portrait": "portraits/ANNA.png"},
    {"id": "nm2", "name": "B. Actor", "role": "BEN", "portrait": ["portraits/BEN.jpg"]},
    {"id": "nm3", "name": "C. Actor", "role": "CLEO"},
]
STORYBOARD20K = [
    {
        "movie_id": "tt1",
        "global_id": number,
        "flag": "train",
        "title": "F",
        "key_frames": [f"frames/{clip}_{k}.jpg" for clip in CLIPS for k in range(2)],
        "resolution": [270, 480],
        "synopses": [["Anna walks.", "She walks."], ["Ben sits."]],
        "bboxes_person": [[{"ANNA": [0.1, 0.1, 0.2, 0.4, 0.9]}], [{"BEN": [0.3, 0.1, 0.4, 0.4, 0.8]}], [], []],
    }
    for number in (1, 2)
]
STORYBOARD_V2 = [
    {
        "movie_id": "tt1",
        "global_id": number,
        "type": number,
        "resolution": [270, 480],
        "main characters": ["ANNA", "BEN"],
        "#characters": 2,
        "synopses": "Anna walks.",
        "movie_clips": f"{number}.mp4",
        "detect characters": [{"ANNA": [1, 2, 3, 4, 0.9, 5]}, {"BEN": [1, 2, 3, 4, 0.9, 7]}],
    }
    for number in (1, 2, 3)
]
MAD_EVAL_JSON = [
    {"id": n, "movie": "1_F", "imdb": "tt1", "movie_duration": 60.0, "start": 1.0 * n, "end": n + 0.5, "sentence": "A."}
    for n in (1, 2, 3)
]
CINEPILE_AD = {
    "movie_name": "F",
    "type": "narration",
    "movie_link_id": "abc",
    "narrations": [{"clip_id": str(n), "content": "Anna walks."} for n in (1, 2, 3)],
}
MAD = {
    str(n): {
        "movie": "1_F",
        "movie_duration": 60.0,
        "timestamps": [n, n + 1],
        "ext_timestamps": [n, n + 1.5],
        "sentence": "Anna.",
    }
    for n in (1, 2, 10)
}
MAD_EVAL_NAMED = """movie,sentence,movie_duration,start,end,imdb,lsmdc_filename,start_hms,end_hms
1_F,Anna walks.,60,1.0,2.0,tt1,x,00.00.01.000,00.00.02.000
1_F,"Ben, who sits, waits.",60,3.0,4.5,tt1,x,00.00.03.000,00.00.04.500
1_F,Anna and Ben leave.,60,59.0,61.0,tt1,x,00.00.59.000,00.01.01.000
"""
LSMDC = "".join(
    f"{clip}\t00.00.0{n}.000\t00.00.0{n + 1}.000\t00.00.0{n}.000\t00.00.0{n + 1}.500\tAnna walks.\n"
    for n, clip in enumerate(CLIPS, 1)
)
CMDAD = f"""text,{",".join((*cmdad.SCENES, *cmdad.COUNTS))}
Anna walks.,1.0,2.0,1_F,1.0,3.0,2010/abc,tt1,F,1,2.0,2,11
"Ben, who sits, waits.",3.0,4.5,1_F,3.0,5.0,2010/abc,tt1,F,1,2.0,4,21
Anna leaves.,30.0,31.0,1_F,3.0,5.0,2010/abc,tt1,F,2,2.0,2,12
"""
SHOT_LISTS = """imdbid,shot_list
tt1,"[(0.01, 7.5), (7.52, 9.8), (10, 11)]"
tt2,[]
tt3,"[(0.0, 1e1)]"
"""
CINEPILE = {
    "movie_name": "F",
    "year": 2010,
    "genre": ["Drama"],
    "yt_clip_title": "A clip",
    "yt_clip_link": "abc",
    "movie_scene": "<subtitle> Hello there Anna.\n<visual descriptions> Anna walks to the door.\n<subtitle> Good bye "
    "now Ben.\n<visual descriptions> Ben sits.\n<subtitle> What a night it was.",
    "subtitles": "Hello there Anna.",
}
TRANSCRIPT = {
    "segments": [
        {
            "start": 1.0,
            "end": 2.0,
            "text": "Hello there Anna.",
            "words": [{"word": "Hello", "start": 1.0, "end": 1.3, "score": 0.9}, {"word": "there"}, {"word": "Anna."}],
        },
        {"start": 5.0, "end": 6.0, "text": "Good bye now Ben."},
        {"start": 9.0, "end": 10.0, "text": "What a night it was."},
    ],
    "language": "en",
}
SHOTS = "0 99 10 50 90\n100 299 110 200 290\n300 599 310 400 590\n"
MOVIENET = {
    "imdb_id": "tt1",
    "cast": [
        {
            "id": str(n),
            "frame_idx": frame,
            "resolution": [1280, 720],
            "shot_idx": n,
            "img_idx": 1,
            "body": {"type": "detected", "bbox": [100, 100, 300, 700]},
            "pid": f"nm{n + 1}",
            "possible_pids": ["nm1"],
        }
        for n, frame in enumerate((10, None, 400))
    ],
    "scene": [{"id": "1", "shot": [0, 1], "frame": [0, 299], "place_tag": ["bar"], "action_tag": None}],
    "story": [
        {
            "id": str(n),
            "shot": [n, n + 1],
            "frame": [n * 200, n * 200 + 199],
            "duration": [n * 20.0, n * 20.0 + 19.9],
            "consistency": 0.9,
            "description": "Anna walks. Ben sits.",
            "subtitle": [{"shot": n, "duration": [n * 20 + 0.1, n * 20 + 1.2], "sentences": ["Hello.", "Bye."]}],
        }
        for n in (0, 1)
    ],
}
DESCRIPTIONS = 'start,end,text\n2.0,3.0,Ben sits.\n0.0,0.9,"Anna, walks."\n10,12,They leave.\n'
SRT = """1
00:00:01,000 --> 00:00:02,500
Hello, <i>Anna</i>.

2
00:00:03,000 --> 00:00:04,000
Tom &amp; Jerry
went home.

3
00:00:58,000 --> 00:01:02,000
{\\an8}Bye.
"""
VTT = "WEBVTT\n\nNOTE a note\n\n1\n00:01.000 --> 00:02.500 align:start\nHello.\n\n00:00:03.000 --> 00:00:04.000\nBye.\n"


def put_portraits(folder: Path) -> None:
    """`ANNA.png`, `ANNA_2.png`, `BEN.jpg` of a few pixels."""
    import cv2
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for name, shade in (("ANNA.png", 90), ("ANNA_2.png", 120), ("BEN.jpg", 60)):
        picture = np.full((20, 16, 3), shade, np.uint8)
        picture[5:9, 4:9] = 200
        (folder / name).write_bytes(cv2.imencode(Path(name).suffix, picture)[1].tobytes())
