"""Prints what Pillow 12.3 makes of small images: python make.py > pillow.json"""

import json

from PIL import Image, ImageEnhance, ImageOps

def image(size, level):
    return Image.frombytes("RGB", size, bytes(level(i) for i in range(size[0] * size[1] * 3)))


IMAGES = {
    "small": image((9, 7), lambda i: (i * 37 + (i * i) % 91 + 53) % 256),
    # equalizing changes nothing below 256 pixels
    "large": image((24, 17), lambda i: 20 + (i * i * 7 + i * 13) % 197),
}


def operations(picture):
    yield "autoContrast", 0, ImageOps.autocontrast(picture)
    yield "equalize", 0, ImageOps.equalize(picture)
    if picture is IMAGES["large"]:
        return
    for slope in (0.3 * 5 / 9, -0.3 * 5 / 9):
        yield "shearX", slope, picture.transform(picture.size, Image.Transform.AFFINE, (1, slope, 0, 0, 1, 0))
    for degrees in (10, -10, 30 * 8 / 9, 30, -30):
        yield "rotate", degrees, picture.rotate(degrees)
    for name, enhance in (("color", "Color"), ("contrast", "Contrast"), ("sharpness", "Sharpness")):
        for factor in (0.2, 0.6, 1, 1.2, 1.7):
            yield name, factor, getattr(ImageEnhance, enhance)(picture).enhance(factor)
    for bits in (4, 5, 6):
        yield "posterize", bits, ImageOps.posterize(picture, bits)
    for level in (3, 5, 8):
        yield "solarize", 255 - 255 * level / 9, ImageOps.solarize(picture, 255 - 255 * level / 9)
    yield "invert", 0, ImageOps.invert(picture)


print(
    json.dumps(
        {
            "images": {
                name: {"width": picture.width, "height": picture.height, "bytes": picture.tobytes().hex()}
                for name, picture in IMAGES.items()
            },
            "results": [
                {"image": image_name, "operation": name, "magnitude": magnitude, "bytes": result.tobytes().hex()}
                for image_name, picture in IMAGES.items()
                for name, magnitude, result in operations(picture)
            ],
        },
        indent=1,
    )
)
