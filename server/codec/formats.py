"""Which format a picture has, by its first bytes."""

import re

from server.errors import BadRequest, UnsupportedMediaType

_ACCEPTED = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF....WEBPVP8[ LX]",
    "TIFF": rb"II\*\0|MM\0\*|II\+\0\x08\0|MM\0\+\0\x08",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",
}
_UNLISTED = {
    "AVIF": rb"....ftypavi[fs]",
    "HEIC": rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1|mif2)",
    "SVG": rb"(\xef\xbb\xbf)?\s*<(svg[\s>]|(\?xml|!--|!DOCTYPE).{,4096}?<svg[\s>])",
    "SVGZ (or another gzip file)": rb"\x1f\x8b",
    "EPS or PostScript": rb"%!PS|\xc5\xd0\xd3\xc6",
    "PDF": rb"%PDF-",
    "ICO or CUR": rb"\0\0[\x01\x02]\0[^\0]\0",
    "PSD": rb"8BPS\0[\x01\x02]",
    "JPEG 2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "JPEG XL": rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n",
    "JPEG XR": rb"II\xbc",
    "QOI": rb"qoif",
    "DDS": rb"DDS \x7c",
    "PNM": rb"P[1-7fF]\s",
    "OpenEXR": rb"\x76\x2f\x31\x01",
    "Radiance HDR": rb"#\?(RADIANCE|RGBE)",
    "EMF or WMF": rb"\x01\0\0\0.{36} EMF|\xd7\xcd\xc6\x9a",
    "XCF": rb"gimp xcf ",
    "DjVu": rb"AT&TFORM",
    "a video": rb"....ftyp|\x1a\x45\xdf\xa3|RIFF....AVI ",
}
_NAMES = "JPEG, PNG, WebP, BMP, GIF or TIFF"


def sniff(content: bytes) -> str:
    """Pillow's name of the format of `content`, which the server takes.

    Raises UnsupportedMediaType for a known format that it does not take, else BadRequest.
    """
    if not content:
        raise BadRequest(f"The picture is empty; send the bytes of a {_NAMES} file.")
    if found := _match(_ACCEPTED, content):
        return found
    if found := _match(_UNLISTED, content):
        raise UnsupportedMediaType(f"The picture is {found}; convert it to {_NAMES}.")
    raise BadRequest(f"These bytes are not a picture that is known here; send {_NAMES}.")


def _match(signatures: dict[str, bytes], content: bytes) -> str | None:
    return next(
        (name for name, start in signatures.items() if re.match(start, content, re.DOTALL)), None
    )
