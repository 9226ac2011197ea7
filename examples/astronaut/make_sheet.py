"""Lay the finished pictures out as one sheet for the README.

nano-banana run examples/astronaut && python examples/astronaut/make_sheet.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
OUT = HERE.parents[1] / "out" / "astronaut"
CELL = (320, 400)
COLUMNS = 4


def main() -> None:
    """Write `sheet.jpg` of all judged takes: a row a scene, a column a style and seed, as their names sort."""
    takes = sorted((OUT / "judged").glob("*.png"))
    rows = -(-len(takes) // COLUMNS)
    sheet = Image.new("RGB", (CELL[0] * COLUMNS, CELL[1] * rows), "white")
    for number, take in enumerate(takes):
        with Image.open(take) as picture:
            cell = picture.convert("RGB").resize(CELL, Image.Resampling.LANCZOS)
        sheet.paste(cell, (number % COLUMNS * CELL[0], number // COLUMNS * CELL[1]))
    sheet.save(HERE / "sheet.jpg", quality=86, optimize=True)
    print(f"{HERE / 'sheet.jpg'}: {len(takes)} takes")


if __name__ == "__main__":
    main()
