"""Decoding: every kind of picture against a plain computation of our own, and hostile bytes."""

import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image, JpegImagePlugin

from server.codec.picture import decode
from server.contract import ImageContract
from server.errors import BadRequest, TooLarge, UnsupportedMediaType
from server.session import Session

Encode = Callable[..., bytes]
Pixels = npt.NDArray[np.uint8]

ROUNDING = 2  # Pillow rounds to 8 bits after each of its two passes

rgb_pictures = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40).map(lambda s: (*s, 3))
)
fixtures_are_constant = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60
)


def expected(rgb: npt.NDArray[Any], contract: ImageContract) -> list[npt.NDArray[np.float64]]:
    """The centre square by matrices of bicubic weights (a = -1/2, widened where it shrinks).

    Each pass cuts to 0 to 255, as bicubic overshoots; columns or rows first: Pillow does either.
    """
    height, width = rgb.shape[:2]
    side = contract.crop * min(height, width)
    down = _weights(height, (height - side) / 2, side / contract.height, contract.height)
    across = _weights(width, (width - side) / 2, side / contract.width, contract.width)

    def vertically(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.asarray(np.einsum("ih,hwc->iwc", down, pixels).clip(0, 255))

    def horizontally(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        return np.asarray(np.einsum("hwc,jw->hjc", pixels, across).clip(0, 255))

    pixels = rgb.astype(float)
    return [vertically(horizontally(pixels)), horizontally(vertically(pixels))]


def _weights(size: int, start: float, step: float, count: int) -> npt.NDArray[np.float64]:
    centres = start + (np.arange(count) + 0.5) * step
    x = np.abs((np.arange(size) + 0.5 - centres[:, np.newaxis]) / max(step, 1.0))
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    weights = np.where(x < 1, near, np.where(x < 2, far, 0.0))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def assert_is(
    content: bytes, rgb: npt.NDArray[Any], contract: ImageContract, tolerance: float = ROUNDING
) -> None:
    actual = decode(content, contract, 50)
    assert actual.shape == (contract.height, contract.width, 3)
    assert actual.dtype == np.uint8
    assert actual.flags.c_contiguous
    assert min(np.abs(actual - one).max() for one in expected(rgb, contract)) <= tolerance


def pattern(height: int, width: int, *channels: int, seed: int = 7) -> Pixels:
    """Smooth enough for JPEG, without any symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, *channels), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def over_white(rgb: npt.NDArray[Any], alpha: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    share = alpha[..., np.newaxis].astype(float) / 255
    return np.asarray(rgb * share + 255 * (1 - share))


def grey(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.repeat(values[..., np.newaxis], 3, axis=2)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(samples: npt.NDArray[Any], bits: int, *chunks: bytes) -> bytes:
    """A PNG of `bits` a sample, [h, w] grey or [h, w, 3], in depths that Pillow can't write."""
    height, width = samples.shape[:2]
    rows = samples.reshape(height, -1)
    if bits == 16:
        packed = rows.astype(">u2").view(np.uint8).reshape(height, -1)
    else:
        planes = np.unpackbits(rows.astype(np.uint8)[..., np.newaxis], axis=2)[..., -bits:]
        packed = np.packbits(planes.reshape(height, -1), axis=1)
    data = b"".join(b"\0" + row.tobytes() for row in packed)
    colour = 2 if samples.ndim == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    parts = (
        chunk(b"IHDR", header),
        *chunks,
        chunk(b"IDAT", zlib.compress(data)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


# What each mode looks like, by our own arithmetic.


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("WEBP", {"lossless": True, "exact": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_adobe_deflate", "tiffinfo": {317: 2}}),
        ("TIFF", {"compression": "packbits"}),
        ("TIFF", {"big_tiff": True}),
    ],
)
@fixtures_are_constant
@given(rgb=rgb_pictures)
def test_lossless_rgb(
    rgb: Pixels, format_: str, options: dict[str, Any], contract: ImageContract, encode: Encode
) -> None:
    assert_is(encode(rgb, format_, **options), rgb, contract)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF"])
@fixtures_are_constant
@given(rgb=rgb_pictures, data=st.data())
def test_transparency_is_laid_over_white_before_resizing(
    rgb: Pixels, format_: str, data: st.DataObject, contract: ImageContract, encode: Encode
) -> None:
    alpha = data.draw(arrays(np.uint8, rgb.shape[:2]))
    options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
    content = encode(np.dstack([rgb, alpha]), format_, **options)
    assert_is(content, over_white(rgb, alpha), contract, ROUNDING + 1)


@pytest.mark.parametrize("format_", ["PNG", "GIF"])
@fixtures_are_constant
@given(data=st.data())
def test_palette(
    format_: str, data: st.DataObject, contract: ImageContract, encode: Encode
) -> None:
    indices = data.draw(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40)))
    palette = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)
    picture = Image.fromarray(indices)
    picture.putpalette(palette.tobytes())
    assert_is(encode(picture, format_), palette[indices], contract)
    transparent = np.where((indices == 9)[..., np.newaxis], 255, palette[indices])
    assert_is(encode(picture, format_, transparency=9), transparent, contract)
    if format_ == "PNG":
        alphas = np.arange(256, dtype=np.uint8)
        content = encode(picture, "PNG", transparency=alphas.tobytes())
        assert_is(content, over_white(palette[indices], alphas[indices]), contract, ROUNDING + 1)


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_of_every_depth_with_a_transparent_level(bits: int, contract: ImageContract) -> None:
    levels = np.linspace(0, 2**bits - 1, 29 * 31).round().astype(int).reshape(29, 31)
    shown = levels * 255 / (2**bits - 1)
    assert_is(png(levels, bits), grey(shown), contract)
    key = int(levels[14, 15])
    shown = np.where(levels == key, 255, shown)
    assert_is(png(levels, bits, chunk(b"tRNS", struct.pack(">H", key))), grey(shown), contract)


@pytest.mark.parametrize("bits", [8, 16])
def test_rgb_with_a_transparent_colour(bits: int, contract: ImageContract) -> None:
    rgb = pattern(30, 30, 3).astype(int)
    rgb[5:20, 5:20] = 17, 200, 34
    stored = rgb if bits == 8 else rgb * 256 + 77
    key = chunk(b"tRNS", struct.pack(">HHH", *stored[10, 10]))
    assert_is(png(stored, bits), rgb, contract)
    rgb[5:20, 5:20] = 255
    assert_is(png(stored, bits, key), rgb, contract)


def test_grey_with_alpha(contract: ImageContract, encode: Encode) -> None:
    levels, alpha = pattern(20, 30), pattern(20, 30, seed=8)
    shown = over_white(grey(levels), alpha)
    picture = Image.fromarray(np.dstack([levels, alpha]), "LA")
    assert_is(encode(picture, "PNG"), shown, contract)
    assert_is(encode(picture, "TIFF"), shown, contract)


@pytest.mark.parametrize("format_", ["PNG", "BMP", "TIFF"])
def test_one_bit(format_: str, contract: ImageContract, encode: Encode) -> None:
    bits = pattern(33, 20) > 127
    assert_is(encode(Image.fromarray(bits), format_), grey(bits * 255), contract)


@pytest.mark.parametrize("compression", ["raw", "group3", "group4", "tiff_lzw"])
def test_one_bit_tiff(compression: str, contract: ImageContract, encode: Encode) -> None:
    bits = pattern(33, 20) > 127
    content = encode(Image.fromarray(bits), "TIFF", compression=compression)
    assert_is(content, grey(bits * 255), contract)


@pytest.mark.parametrize("byte_order", ["<", ">"])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw"])
def test_16_bit_tiff_is_scaled(
    byte_order: str, compression: str, contract: ImageContract, encode: Encode
) -> None:
    levels = (pattern(25, 25).astype(int) * 257).astype(byte_order + "u2")
    picture = Image.frombytes("I;16" if byte_order == "<" else "I;16B", (25, 25), levels.tobytes())
    assert_is(encode(picture, "TIFF", compression=compression), grey(levels / 257), contract)


@pytest.mark.parametrize("white", [1, 255, 65535, 1e6])
def test_float_and_32_bit_tiff(white: float, contract: ImageContract, encode: Encode) -> None:
    share = pattern(25, 25) / 255
    share[0, 0], share[24, 24] = 0, 1
    floats = (share * white).astype(np.float32)
    assert_is(encode(floats, "TIFF"), grey(share * 255), contract)
    if white > 1:
        assert_is(encode(floats.astype(np.int32), "TIFF"), grey(share * 255), contract)


def test_float_tiff_with_holes(contract: ImageContract, encode: Encode) -> None:
    floats = np.full((20, 20), 0.5, np.float32)
    floats[0, :3] = np.nan, np.inf, -np.inf
    assert np.all(decode(encode(floats, "TIFF"), contract, 50)[4:] == 128)


def test_float_tiff_to_the_end_of_its_range(contract: ImageContract, encode: Encode) -> None:
    floats = np.array([[-1, 1], [-1, 1]], np.float32) * np.finfo(np.float32).max
    assert_is(encode(floats, "TIFF"), grey(np.array([[0, 255], [0, 255]])), contract)


def test_cmyk(contract: ImageContract, encode: Encode) -> None:
    cmyk = pattern(30, 30, 4)
    ink = cmyk.astype(float) / 255
    rgb = 255 * (1 - ink[..., :3]) * (1 - ink[..., 3:])
    picture = Image.fromarray(cmyk, "CMYK")
    assert_is(encode(picture, "TIFF"), rgb, contract, ROUNDING + 1)
    assert b"Adobe" in encode(picture, "JPEG")  # whose inks are stored inverted
    assert_is(encode(picture, "JPEG", quality=100, subsampling=0), rgb, contract, 8)


def test_ycck(contract: ImageContract, encode: Encode) -> None:
    rgb = pattern(30, 30, 3)
    black = np.full((30, 30), 200, np.uint8)
    # Adobe's inks are inverted, and its flag 2 says that the first three are stored as YCbCr.
    stored = np.dstack([np.asarray(Image.fromarray(255 - rgb).convert("YCbCr")), black])
    picture = Image.fromarray(255 - stored, "CMYK")
    content = encode(picture, "JPEG", quality=100, subsampling=0)
    flag = content.index(b"Adobe") + 11
    content = content[:flag] + b"\x02" + content[flag + 1 :]
    assert_is(content, rgb * (200 / 255), contract, 8)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_jpeg(options: dict[str, Any], contract: ImageContract, encode: Encode) -> None:
    rgb = pattern(40, 50, 3)
    assert_is(encode(rgb, "JPEG", quality=100, **options), rgb, contract, 12)
    assert_is(encode(rgb[..., 0], "JPEG", quality=100), grey(rgb[..., 0]), contract, 5)


def test_a_large_jpeg_is_decoded_small_and_looks_the_same(
    contract: ImageContract, encode: Encode
) -> None:
    rgb = pattern(1501, 2003, 3)
    assert_is(encode(rgb, "JPEG", quality=95), rgb, contract, 4)


@pytest.mark.parametrize(
    ("side", "scale"),
    [(24, 1), (36, 1), (71, 1), (72, 2), (143, 2), (144, 4), (287, 4), (288, 8), (4000, 8)],
)
def test_a_jpeg_is_never_decoded_to_less_than_the_resizing_needs(
    side: int, scale: int, contract: ImageContract, encode: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """16 pixels of 0.875 of the short side: 18.3, and twice that is 36.6."""
    loaded = []
    load = JpegImagePlugin.JpegImageFile.load

    def noted(picture: JpegImagePlugin.JpegImageFile) -> Any:
        loaded.append(picture.size)
        return load(picture)

    monkeypatch.setattr(JpegImagePlugin.JpegImageFile, "load", noted)
    decode(encode(Image.new("RGB", (side, 2 * side)), "JPEG"), contract, 50)
    assert loaded[0] == (-(-side // scale), -(-2 * side // scale))


def test_photos_decoded_at_a_smaller_scale_keep_their_labels(
    photos: Path, image_model: Path, encode: Encode
) -> None:
    session = Session(image_model)
    contract = session.contract
    assert isinstance(contract, ImageContract)

    def label(content: bytes) -> int:
        return int(session.run({"image": decode(content, contract, 50)[np.newaxis]}).argmax())

    same = []
    for path in sorted(photos.glob("*.JPEG"))[::2]:
        with Image.open(path) as photo:
            jpeg = encode(photo.convert("RGB").resize((960, 720)), "JPEG", quality=90)
        with Image.open(BytesIO(jpeg)) as every_pixel:
            same.append(label(jpeg) == label(encode(every_pixel, "BMP")))
    assert len(same) == 40
    assert sum(same) >= 38


# Orientation and frames.

STORED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda shown: shown,
    2: np.fliplr,
    3: lambda shown: np.rot90(shown, 2),
    4: np.flipud,
    5: lambda shown: shown.swapaxes(0, 1),
    6: lambda shown: np.rot90(shown, 1),
    7: lambda shown: np.rot90(shown, 2).swapaxes(0, 1),
    8: lambda shown: np.rot90(shown, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation(
    format_: str, orientation: int, contract: ImageContract, encode: Encode
) -> None:
    rgb = pattern(31, 44, 3)
    exif = Image.Exif()
    exif[274] = orientation
    kinds: dict[str, dict[str, Any]] = {
        "JPEG": {"exif": exif, "quality": 100, "subsampling": 0},
        "PNG": {"exif": exif},
        "WEBP": {"exif": exif.tobytes(), "lossless": True},
        "TIFF": {"tiffinfo": {274: orientation}, "compression": "tiff_lzw"},
    }
    stored = np.ascontiguousarray(STORED[orientation](rgb))
    content = encode(stored, format_, **kinds[format_])
    assert_is(content, rgb, contract, 6 if format_ == "JPEG" else ROUNDING)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "TIFF", "MPO"])
def test_the_first_frame_counts(format_: str, contract: ImageContract, encode: Encode) -> None:
    frames = [np.full((20, 20, 3), level, np.uint8) for level in (40, 250, 130)]
    pictures = [Image.fromarray(frame) for frame in frames]
    options = {"lossless": True} if format_ == "WEBP" else {}
    content = encode(pictures[0], format_, save_all=True, append_images=pictures[1:], **options)
    assert_is(content, frames[0], contract)


def test_a_gif_frame_larger_than_its_canvas(contract: ImageContract, encode: Encode) -> None:
    levels = pattern(30, 30)
    content = encode(levels, "GIF")
    small_canvas = content[:6] + struct.pack("<HH", 3, 2) + content[10:]
    assert_is(small_canvas, grey(levels), contract)


@pytest.mark.parametrize("shape", [(1, 1), (1, 20000), (20000, 1), (2, 3)])
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "TIFF"])
def test_extreme_shapes(
    shape: tuple[int, int], format_: str, contract: ImageContract, encode: Encode
) -> None:
    rgb = np.full((*shape, 3), (10, 120, 240), np.uint8)
    assert_is(encode(rgb, format_), rgb, contract, 4)


# Metadata never matters.


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM" * 99]
)
def test_broken_metadata_is_ignored(exif: bytes, contract: ImageContract, encode: Encode) -> None:
    rgb = pattern(20, 20, 3)
    broken = {"icc_profile": b"no profile" * 20000, "exif": exif}
    assert_is(encode(rgb, "PNG", **broken), rgb, contract)
    assert_is(encode(rgb, "WEBP", lossless=True, **broken), rgb, contract)
    assert_is(encode(rgb, "JPEG", quality=100, subsampling=0, **broken), rgb, contract, 6)


def test_text_that_unpacks_to_much_is_not_unpacked(contract: ImageContract) -> None:
    rgb = pattern(20, 20, 3)
    packed = zlib.compress(bytes(20_000_000))
    chunks = [chunk(b"zTXt", b"key\0\0" + packed)] * 50 + [chunk(b"iCCP", b"name\0\0" + packed)]
    assert_is(png(rgb, 8, *chunks), rgb, contract)


# Errors.


def test_the_limit_names_both_figures(contract: ImageContract, encode: Encode) -> None:
    content = encode(Image.new("L", (1500, 1000)), "PNG")
    assert decode(content, contract, 1.5).shape == (16, 16, 3)
    with pytest.raises(TooLarge, match=r"1\.5 megapixels \(1500 x 1000\); at most 1\.4 "):
        decode(content, contract, 1.4)


BOMBS = """
import resource, struct, sys
from io import BytesIO
from PIL import Image, JpegImagePlugin
from server.codec.picture import decode
from server.contract import ImageContract
from server.errors import TooLarge

contract = ImageContract.model_validate_json(sys.argv[1])
decode(open(sys.argv[2], "rb").read(), contract, 50)  # all that the first call loads
bombs = {
    "png": open(sys.argv[3], "rb").read(),
    "gif canvas": struct.pack("<6sHHBBB", b"GIF89a", 60000, 60000, 0, 0, 0) + b"," + bytes(20),
    "gif frame": struct.pack("<6sHHBBB", b"GIF89a", 1, 1, 0, 0, 0)
    + b"!\\xf9\\x04\\x08\\0\\0\\0\\0,\\0\\0\\0\\0\\xff\\xff\\xff\\xff\\0\\x08" + bytes(20),
    "webp": b"RIFF\\x20\\0\\0\\0WEBPVP8L\\x10\\0\\0\\0\\x2f\\xff\\xff\\xff\\x0f" + bytes(20),
    "webp canvas": b"RIFF\\x20\\0\\0\\0WEBPVP8X\\x0a\\0\\0\\0" + bytes(4) + b"\\xff\\x3f\\0" * 2,
    "bmp": struct.pack("<2sIII IiiHHIIiiII", b"BM", 99, 0, 54, 40, 40000, -40000, 1, 24, *[0] * 6),
}
for side in "width", "tile":
    tags = dict.fromkeys((256, 257), 40000 if side == "width" else 10)
    tags |= {258: 8, 259: 8, 262: 1, 277: 1}
    tags |= {273: 8, 279: 8} if side == "width" else {322: 40000, 323: 40000, 324: 8, 325: 8}
    directory = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    bombs["tiff " + side] = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + directory + bytes(4)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for name, content in bombs.items():
    try:
        decode(content, contract, 50)
    except TooLarge:
        print(name)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, "MiB")
"""


def test_bombs_are_refused_before_anything_is_allocated(
    contract: ImageContract, encode: Encode, tmp_path: Any
) -> None:
    small, bomb = tmp_path / "small", tmp_path / "bomb"
    small.write_bytes(encode(Image.new("RGB", (50, 50)), "PNG"))
    bomb.write_bytes(encode(Image.new("1", (12000, 12000)), "PNG"))
    done = subprocess.run(
        [sys.executable, "-c", BOMBS, contract.model_dump_json(), str(small), str(bomb)],
        capture_output=True,
        text=True,
        check=True,
    )
    *refused, grown = done.stdout.splitlines()
    assert refused == [
        *("png", "gif canvas", "gif frame", "webp", "webp canvas", "bmp"),
        *("tiff width", "tiff tile"),
    ]
    assert int(grown.removesuffix(" MiB")) < 4


def _samples() -> dict[str, bytes]:
    picture = Image.fromarray(pattern(24, 32, 3))
    exif = Image.Exif()
    exif[274] = 6
    kinds: dict[str, tuple[Image.Image, str, dict[str, Any]]] = {
        "jpeg": (picture, "JPEG", {"exif": exif}),
        "progressive": (picture, "JPEG", {"progressive": True}),
        "cmyk": (picture.convert("CMYK"), "JPEG", {}),
        "mpo": (picture, "MPO", {"save_all": True, "append_images": [picture]}),
        "png": (picture, "PNG", {"exif": exif}),
        "png palette": (picture.quantize(64), "PNG", {"transparency": 3}),
        "gif": (picture.quantize(64), "GIF", {"transparency": 3}),
        "webp": (picture, "WEBP", {"exif": exif.tobytes()}),
        "webp alpha": (picture.convert("RGBA"), "WEBP", {"lossless": True}),
        "bmp": (picture, "BMP", {}),
        "bmp palette": (picture.quantize(16), "BMP", {}),
        "tiff": (picture, "TIFF", {"tiffinfo": {274: 6}}),
        "tiff lzw": (picture, "TIFF", {"compression": "tiff_lzw"}),
        "tiff jpeg": (picture, "TIFF", {"compression": "jpeg"}),
        "tiff float": (Image.fromarray(pattern(24, 32).astype(np.float32)), "TIFF", {}),
    }
    samples = {}
    for name, (frame, format_, options) in kinds.items():
        file = BytesIO()
        frame.save(file, format_, **options)
        samples[name] = file.getvalue()
    return samples


SAMPLES = _samples()


def decodes_or_says_why(content: bytes, contract: ImageContract) -> None:
    problem = "."
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            pixels = decode(content, contract, 1)
        except (BadRequest, TooLarge, UnsupportedMediaType) as error:
            problem = error.detail
        else:
            assert pixels.shape == (16, 16, 3)
            assert pixels.dtype == np.uint8
    assert problem.endswith(".")
    assert not warned, [str(warning.message) for warning in warned]


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_samples_decode(kind: str, contract: ImageContract) -> None:
    assert decode(SAMPLES[kind], contract, 1).shape == (16, 16, 3)


@fixtures_are_constant
@given(content=st.binary(max_size=300))
def test_any_bytes(content: bytes, contract: ImageContract) -> None:
    decodes_or_says_why(content, contract)


@pytest.mark.parametrize("kind", SAMPLES)
@fixtures_are_constant
@given(data=st.data())
def test_any_tail_after_a_signature(
    kind: str, data: st.DataObject, contract: ImageContract
) -> None:
    kept = data.draw(st.integers(2, 60))
    decodes_or_says_why(SAMPLES[kind][:kept] + data.draw(st.binary(max_size=300)), contract)


@pytest.mark.parametrize("kind", SAMPLES)
@settings(parent=fixtures_are_constant, max_examples=150)
@given(data=st.data())
def test_any_damage(kind: str, data: st.DataObject, contract: ImageContract) -> None:
    content = bytearray(SAMPLES[kind])
    places = st.one_of(st.integers(0, len(content) - 1), st.integers(0, min(len(content), 400) - 1))
    for place in data.draw(st.lists(places, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    decodes_or_says_why(bytes(content[: data.draw(st.integers(0, len(content)))]), contract)
    decodes_or_says_why(bytes(content), contract)


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_cut_picture_is_shown_in_part(kind: str, contract: ImageContract) -> None:
    content = SAMPLES[kind]
    whole = decode(content, contract, 50)
    refused = 0
    for length in range(len(content)):
        try:
            # What is missing may be none of its pixels.
            assert np.array_equal(decode(content[:length], contract, 50), whole), length
        except BadRequest:
            refused += 1
    assert refused >= 0.5 * len(content)
    if kind.startswith(("jpeg", "progressive", "cmyk", "png", "webp")):
        assert refused == len(content)


def test_many_threads_at_once(contract: ImageContract) -> None:
    def run(content: bytes) -> Pixels:
        return decode(content, contract, 50)

    alone = [run(content) for content in SAMPLES.values()]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(run, [*SAMPLES.values()] * 20))
    for index, pixels in enumerate(together):
        assert np.array_equal(pixels, alone[index % len(alone)])


@pytest.mark.parametrize(("size", "turns"), [((2000, 2000), 0), ((2001, 2000), 1), ((4, 4), 0)])
def test_large_pictures_are_decoded_in_turn(
    contract: ImageContract, encode: Encode, size: tuple[int, int], turns: int
) -> None:
    taken = []

    @contextmanager
    def turn() -> Iterator[None]:
        taken.append(1)
        yield

    content = encode(Image.new("RGB", size, "red"), "PNG")
    pixels = decode(content, contract, max_megapixels=50, large=turn())
    assert pixels.shape == (contract.height, contract.width, 3)
    assert len(taken) == turns
