"""Lead pictures of the newsroom, drawn on this machine.

Articles name them under an invented https host, which nobody can fetch. The pages of the newsroom
also act as a resizing proxy, which draws the picture of any such address in the wanted size.
"""

from functools import lru_cache
from hashlib import sha256
from io import BytesIO

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1200, 675
_HOST = "https://pictures.newsroom.example"
_LARGEST = 2_000  # pixels
_HILLS = 5


def picture_url(slug: str) -> str:
    return f"{_HOST}/{slug}.png"


@lru_cache(maxsize=64)
def draw_picture(url: str, width: int, height: int) -> bytes:
    """Return a PNG of hills below a sky, whose colours and shapes follow from *url*.

    A *height* of 0 keeps the shape of the picture.
    """
    width = min(max(width, 1), _LARGEST)
    height = min(height or width * HEIGHT // WIDTH, _LARGEST) or 1
    seed = sha256(url.encode()).digest()
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    sky = tuple(90 + byte // 3 for byte in seed[:3])
    for row in range(height):
        light = row / height
        draw.line([(0, row), (width, row)], tuple(int(c + (250 - c) * light) for c in sky))
    sun, radius = width * (40 + seed[3] // 2) // 255, height // 9
    draw.ellipse(
        (sun - radius, height // 5 - radius, sun + radius, height // 5 + radius), "#fff3c4"
    )
    for hill in range(_HILLS):
        top = height * (6 + hill) // (7 + _HILLS) - seed[4 + hill] * height // 1500
        middle = width * seed[10 + hill] // 255
        shade = tuple(int(c * (0.75 - 0.12 * hill)) for c in sky)
        draw.ellipse((middle - width, top, middle + width, top + 2 * height), shade)
    stored = BytesIO()
    image.save(stored, "PNG", optimize=True)
    return stored.getvalue()
