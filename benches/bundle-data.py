"""Writes the benchmark's DAGs folder: 9,999 Python files of about 65 MB, CSV, JSON and noise.

The Python text comes from the installed standard library, cut into pieces and varied, so that
its words, and with them the compression ratio, are those of real code.
"""

import json
import pathlib
import random
import re
import sys
import sysconfig

FILES = 9_999
MEAN_BYTES = 6_500

# Folders of the library whose text is tables or tests, far more repetitive than programs.
SKIPPED = {"site-packages", "dist-packages", "lib2to3", "encodings", "test", "tests", "idle_test"}

# Words that are replaced by others of their kind, differently in every piece.
VARIED = re.compile(r"\b[aceimprsv]\w\w\w+\b")


def pieces(random_source):
    """Yields Python text of realistic sizes, for ever; each piece swaps words its own way."""
    library = pathlib.Path(sysconfig.get_paths()["stdlib"])
    modules = [
        path
        for path in sorted(library.rglob("*.py"))
        if not SKIPPED & set(path.relative_to(library).parts)
    ]
    texts = [module.read_text(encoding="utf-8", errors="replace") for module in modules]
    words = sorted({word for text in texts for word in VARIED.findall(text)})
    while True:
        random_source.shuffle(texts)
        for text in texts:
            lines = text.splitlines(keepends=True)
            start = 0
            while start < len(lines):
                target = min(max(random_source.lognormvariate(8.35, 0.9), 120), 200_000)
                end, size = start, 0
                while end < len(lines) and size < target:
                    size += len(lines[end])
                    end += 1
                swapped = {}
                yield VARIED.sub(
                    lambda word: swapped.setdefault(word[0], random_source.choice(words)), "".join(lines[start:end])
                )
                start = end


def main(folder):
    random_source = random.Random(2718)
    source = pieces(random_source)
    total = 0
    for number in range(FILES):
        text = next(source)
        # Keeps the sum near the target without making the files alike.
        while total + len(text) < MEAN_BYTES * number:
            text += next(source)
        total += len(text)
        path = folder / f"team_{number % 40:02}" / f"area_{number // 40 % 25:02}" / f"dag_{number:05}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="replace")
    data = folder / "data"
    data.mkdir()
    rows = (
        f"{row},2024-{row % 12 + 1:02}-{row % 28 + 1:02},customer_{random_source.randrange(10**6)},"
        f"{random_source.random() * 1000:.2f},{random_source.choice(['open', 'paid', 'void'])}\n"
        for row in range(110_000)
    )
    (data / "orders.csv").write_text("".join(rows))
    events = [
        {"id": random_source.getrandbits(48), "kind": random_source.choice(["view", "click"]), "value": row / 7}
        for row in range(80_000)
    ]
    (data / "events.json").write_text(json.dumps(events))
    (data / "model.bin").write_bytes(random_source.randbytes(5_000_000))


main(pathlib.Path(sys.argv[1]))
