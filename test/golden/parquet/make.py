"""Writes the parquet files of this folder with pyarrow, as the `datasets` library does: python3 make.py

Six rows in row groups of two. Row i: an 8 x 8 PNG of the colour (40 i, 0, 255 - 40 i), label i % 3, caption "row i";
in the files `nulls-*` row 4 has no bytes but a path, and row 5 no image.
"""

import json
import pathlib
import struct
import zlib

import pyarrow as pa
import pyarrow.parquet as pq

folder = pathlib.Path(__file__).parent


def png(i):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    line = b"\0" + bytes([40 * i, 0, 255 - 40 * i]) * 8
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(line * 8)) + chunk(b"IEND", b"")


image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
features = {
    "image": {"_type": "Image"},
    "label": {"names": ["ant", "bee", "sea_cow"], "_type": "ClassLabel"},
    "caption": {"dtype": "string", "_type": "Value"},
}
metadata = {"huggingface": json.dumps({"info": {"features": features}})}
schema = pa.schema([("image", image), ("label", pa.int64()), ("caption", pa.string())], metadata=metadata)
labels = [i % 3 for i in range(6)]
captions = [f"row {i}" for i in range(6)]
whole = [{"bytes": png(i), "path": f"{i}.png"} for i in range(6)]
gaps = whole[:4] + [{"bytes": None, "path": "beside.png"}, None]


def write(name, images, **options):
    table = pa.table({"image": images, "label": labels, "caption": captions}, schema=schema)
    pq.write_table(table, folder / f"{name}.parquet", row_group_size=2, **options)


for codec in ["none", "snappy", "gzip", "brotli", "zstd", "lz4"]:
    write(f"codec-{codec}", whole, compression=codec)
write("nulls-v1", gaps)
write("nulls-v2", gaps, data_page_version="2.0", compression="zstd")
delta = {"label": "DELTA_BINARY_PACKED", "caption": "DELTA_LENGTH_BYTE_ARRAY"}
plain = {"image.bytes": "PLAIN", "image.path": "PLAIN"}
write("delta", whole, use_dictionary=False, column_encoding=delta | plain)
write("delta-byte-array", whole, use_dictionary=False, column_encoding=delta | plain | {"caption": "DELTA_BYTE_ARRAY"})
