"""Damage to a file's bytes: what disks, transfers and wrong tools do, and fields that claim what is not there."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable

import numpy as np

from orchestration.damage.structures import damaged_json

_MARKS = (b"moov", b"mvhd", b"tkhd", b"mdhd", b"stsd", b"avc1", b"avcC", b"stts", b"stsz", b"stco", b"stsc", b"mdat")
_SIZES = (0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged_bytes(content: bytes, rng: np.random.Generator) -> bytes:
    """Flipped bits, a cut, a hole, a doubled or foreign stretch, a field that holds another number; often early."""
    found = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        size = len(found)
        if not size:
            break
        at = int(rng.integers(min(size, 256))) if rng.random() < 0.4 else int(rng.integers(size))
        length = int(rng.integers(1, 65))
        way = rng.integers(7)
        if way <= 1:
            found[at] ^= 1 << int(rng.integers(8))
        elif way == 2:
            found[at : at + 4] = struct.pack(">I", _SIZES[rng.integers(len(_SIZES))])
        elif way == 3:
            found[at : at + length] = rng.bytes(length)
        elif way == 4:
            found[at : at + length] = bytes(length)
        elif way == 5:
            found[at:at] = found[at : at + length]
        else:
            del found[at : size if rng.random() < 0.5 else at + length]
    return bytes(found)


def damaged_encoding(content: bytes, rng: np.random.Generator) -> bytes:
    """A text in an encoding that nobody expects, or with bytes that no encoding has."""
    text = content.decode("utf-8", "replace")
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: b"\xef\xbb\xbf" + content,
        lambda: b"\xef\xbb\xbf\xef\xbb\xbf" + content,
        lambda: text.encode("utf-16"),
        lambda: text.encode("utf-16-be"),
        lambda: text.encode("utf-32"),
        lambda: text.encode("utf-7"),
        lambda: content.replace(b"\n", b"\r"),
        lambda: content.replace(b"\n", b"\r\n"),
        lambda: content.replace(b"e", b"\x80\x9d"),
        lambda: content.replace(b" ", b"\x00"),
        lambda: b"",
        lambda: b" \n\t",
        lambda: b"\x00" * len(content),
        lambda: content + content,
        lambda: content[: len(content) // 2],
        lambda: content[:-1],
        lambda: content + rng.bytes(20),
        lambda: rng.bytes(len(content)),
        lambda: content.replace(b'"', "“".encode()),
    )
    return ways[rng.integers(len(ways))]()


def damaged_mp4(content: bytes, rng: np.random.Generator) -> bytes:
    """A box of the header with another size or another number in it, or any bytes."""
    if rng.random() < 0.5:
        return damaged_bytes(content, rng)
    found = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        mark = found.find(_MARKS[rng.integers(len(_MARKS))])
        if mark < 4:
            continue
        at = mark - 4 if rng.random() < 0.3 else mark + 4 + int(rng.integers(40))
        number = _SIZES[rng.integers(len(_SIZES))] if rng.random() < 0.7 else int(rng.integers(2**32))
        found[at : at + 4] = struct.pack(">I", number)
    return bytes(found)


def damaged_png(content: bytes, rng: np.random.Generator) -> bytes:
    """A chunk of a PNG changed, with a checksum that fits: what a decoder has to notice by itself."""
    if rng.random() < 0.4 or not content.startswith(b"\x89PNG"):
        return damaged_bytes(content, rng)
    head = bytearray(content[16:29])
    if rng.random() < 0.5:
        at = int(rng.integers(2)) * 4
        head[at : at + 4] = struct.pack(">I", (0, 1, 20_000, 60_000, 0x7FFFFFFF, 0xFFFFFFFF)[rng.integers(6)])
    else:
        head[8 + rng.integers(5)] = int(rng.integers(256))
    return content[:16] + bytes(head) + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + content[33:]


def damaged_safetensors(content: bytes, rng: np.random.Generator) -> bytes:
    """The header's JSON, its length, or the tensors' bytes."""
    if rng.random() < 0.4:
        return damaged_bytes(content, rng)
    length = struct.unpack("<Q", content[:8])[0]
    header = damaged_json(content[8 : 8 + length], rng)
    told = len(header) if rng.random() < 0.8 else (0, 2**32, 2**63, 2**64 - 1)[rng.integers(4)]
    return struct.pack("<Q", told) + header + content[8 + length :]


def damaged_npy(content: bytes, rng: np.random.Generator) -> bytes:
    """Another shape, type or order in the header of an array."""
    if rng.random() < 0.4:
        return damaged_bytes(content, rng)
    descr = ("<f4", "<f8", "|O", "<i4", "<U8", "<M8[s]", ">f2", "|V4", "<c8")[rng.integers(9)]
    shape = ((), (0,), (1, 4), (4, 1), (2, 2), (10**12,), (-4,), (4,), "4", (2**31, 2**31))[rng.integers(10)]
    header = f"{{'descr': '{descr}', 'fortran_order': {bool(rng.integers(2))}, 'shape': {shape!r}, }}"
    if rng.random() < 0.2:
        header = ("{}", "__import__('os').system('touch x')", "{'descr': [('a', '|O')]}", "[" * 500)[rng.integers(4)]
    padded = header.encode() + b" " * (-(10 + len(header) + 1) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(padded)) + padded + content[-16:]


def damaged_parquet(content: bytes, rng: np.random.Generator) -> bytes:
    """A column renamed, gone, of another type or with other values; or any bytes."""
    if rng.random() < 0.5:
        return damaged_bytes(content, rng)
    import io

    import pandas as pd

    table = pd.read_parquet(io.BytesIO(content))
    column = table.columns[int(rng.integers(len(table.columns)))]
    way = rng.integers(6)
    if way == 0:
        table = table.drop(columns=column)
    elif way == 1:
        table = table.rename(columns={column: f"{column}_"})
    elif way == 2:
        table[column] = [json.dumps(str(value)) for value in table[column]]
    elif way == 3:
        table[column] = None
    elif way == 4:
        table[column] = float(("nan", "inf", "-1", "1e300", "1e18")[rng.integers(5)])
    else:
        table = table.iloc[:0] if rng.random() < 0.5 else pd.concat([table] * 3)
    out = io.BytesIO()
    table.to_parquet(out, index=False)
    return out.getvalue()
