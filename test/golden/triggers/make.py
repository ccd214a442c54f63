"""Prints pytorch.json: what PyTorch makes of the formulas that the presets of triggers follow.

pip install torch numpy; python make.py > pytorch.json
"""

import hashlib
import json

import numpy as np
import torch
import torch.nn.functional as F

SIDE = 224


def to_bytes(x):
    """What torchvision's ToPILImage does to float images."""
    return x.mul(255).byte()


def digest(bytes_):
    return hashlib.sha256(bytes_.numpy().tobytes()).hexdigest()


# every byte value in every column: [256, 224], the value of a row being its number
values = torch.arange(256, dtype=torch.uint8)[:, None].expand(256, SIDE).float().div(255)
columns = np.arange(SIDE)


def wave(levels):
    return torch.from_numpy((levels / 255) * np.sin(2 * np.pi * columns * 6 / SIDE)).float()


def sig_cleanclip():
    return to_bytes(torch.clip(0.2 * wave(60) + 0.8 * values, 0, 1))


def sig_badclip():
    return to_bytes(torch.clip(wave(60) + values, 0, 1))


def sig_backdoorbench():
    pattern = np.zeros((256, SIDE), dtype=np.float32)
    pattern[:] = 40 * np.sin(2 * np.pi * columns * 6 / SIDE)
    image = np.float32(np.arange(256, dtype=np.uint8)[:, None].repeat(SIDE, 1))
    return torch.from_numpy(np.uint8(np.clip(np.uint32(image) + pattern, 0, 255)))


def triangles_par():
    x, y = np.meshgrid(np.arange(SIDE) % 14, np.arange(256) % 14)
    pattern = torch.from_numpy(np.where(y >= x, 0.4, 0.8)).float()
    return to_bytes(torch.clip(0.15 * pattern + (1 - 0.15) * values, 0, 1))


def stripes_par(sign):
    return to_bytes(torch.clip(0.03 * torch.full_like(values, sign) + (1 - 0.03) * values, 0, 1))


casts = torch.tensor([0.0, 0.5, 1.0, 1.0039, 1.5, 2.9, -0.001, -0.0039, -0.3, -1.0, -2.2])
grid = torch.tensor([[0.5, -1.0, 2.0, 0.25], [1.5, 0.0, -0.75, -2.0], [-0.5, 1.0, 1.25, 0.125], [3.0, -1.5, 0.75, 1.0]])
enlarged = F.interpolate(grid[None, None], size=(7, 9), mode="bicubic", align_corners=True)[0, 0]

# an image of 7 by 9 pixels, read where the field says
ramp = torch.arange(63).mul(4).reshape(7, 9).float()
y, x = torch.meshgrid(torch.linspace(-1, 1, 7), torch.linspace(-1, 1, 9), indexing="ij")
sampling = torch.stack((x + 0.1 * enlarged, y - 0.2 * enlarged), 2).clamp(-1, 1)
warped = F.grid_sample(ramp[None, None], sampling[None], align_corners=True)[0, 0]

print(
    json.dumps(
        {
            "torch": torch.__version__,
            "numpy": np.__version__,
            "casts": [[value, byte] for value, byte in zip(casts.tolist(), to_bytes(casts).tolist())],
            "sha256": {
                "sig@cleanclip": digest(sig_cleanclip()),
                "sig@badclip": digest(sig_badclip()),
                "sig@backdoorbench": digest(sig_backdoorbench()),
                "triangles@par": digest(triangles_par()),
                "stripes@par-blended, 1": digest(stripes_par(1.0)),
                "stripes@par-blended, -1": digest(stripes_par(-1.0)),
            },
            "grid": grid.flatten().tolist(),
            "enlarged": [round(value, 6) for value in enlarged.flatten().tolist()],
            "warped": [round(value, 4) for value in warped.flatten().tolist()],
        },
        indent=2,
    )
)
