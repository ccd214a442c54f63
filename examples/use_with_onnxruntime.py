# Zero-shot classification with an export and no JavaScript: python3 use_with_onnxruntime.py EXPORT IMAGE LABEL...
# Needs: pip install onnxruntime numpy pillow tokenizers
import json, sys
import numpy, onnxruntime
from PIL import Image
from tokenizers import Tokenizer

folder, image, *labels = sys.argv[1:]
record = json.load(open(f"{folder}/rvpt_export.json"))
preprocess, size = record["preprocess"], record["preprocess"]["image_size"]

picture = Image.open(image).convert("RGB")
if preprocess["resize_mode"] == "squash":
    picture = picture.resize((size, size), Image.Resampling.BICUBIC)
else:
    short = min(picture.size)
    picture = picture.resize([preprocess["resize_to"] * side // short for side in picture.size], Image.Resampling.BICUBIC)
    left, top = (round((side - size) / 2) for side in picture.size)
    picture = picture.crop((left, top, left + size, top + size))
pixels = (numpy.asarray(picture, numpy.float32) / 255 - preprocess["mean"]) / preprocess["std"]  # [S, S, 3]

tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
end = json.load(open(f"{folder}/tokenizer_config.json"))["eos_token"]
tokenizer.enable_truncation(record["architecture"]["text"]["context_length"])
tokenizer.enable_padding(pad_id=tokenizer.token_to_id(end), pad_token=end)
ids = [text.ids for text in tokenizer.encode_batch([f"a photo of a {label}." for label in labels])]

model = onnxruntime.InferenceSession(f"{folder}/onnx/model.onnx")
feeds = {"pixel_values": pixels.transpose(2, 0, 1)[None].astype(numpy.float32), "input_ids": numpy.array(ids, numpy.int64)}
[logits] = model.run(["logits_per_image"], feeds)
print(json.dumps(dict(zip(labels, logits[0].tolist())), indent=2))
