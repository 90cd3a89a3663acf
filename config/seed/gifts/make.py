#!/usr/bin/env python3
"""Cuts one month out of the full year of the gift shop, byte for byte the same on every run.

    python3 make.py DIR [MONTH]

DIR holds the full `orders.csv.gz` and `products.csv.gz`; MONTH is `2010-11` unless given. Writes `orders.csv.gz` and
`products.csv.gz` beside this script:

- orders: the lines whose invoice began in that month, the lines of one invoice put together and given the time of the
  first, invoices in order of their first line, lines in the order of the full file;
- products: those that are on such a line, sorted by SKU, with the month's own `units_sold` and `order_lines`, and two
  columns that the full file does not have: `on_hand` (MONTHS_OF_STOCK times the month's sales) and `reorder_point` (half
  of the month's sales, at least 1).
"""

import csv
import gzip
import io
import sys
from pathlib import Path

MONTHS_OF_STOCK = 40
"""Enough for a demo that runs for hours at ten orders a second."""

ORDER_COLUMNS = ["invoice", "at", "customer", "country", "sku", "quantity", "unit_price"]
PRODUCT_COLUMNS = ["sku", "name", "unit_price", "units_sold", "order_lines", "on_hand", "reorder_point"]


def read(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """Compressed without name and time, so that the bytes depend on the rows alone."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with path.open("wb") as file:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=file, mtime=0) as packed:
            packed.write(text.getvalue().encode("utf-8"))


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = Path(sys.argv[1])
    month = sys.argv[2] if len(sys.argv) == 3 else "2010-11"
    target = Path(__file__).resolve().parent

    invoices: dict[str, list[dict[str, str]]] = {}
    for line in read(source / "orders.csv.gz"):
        invoices.setdefault(line["invoice"], []).append(line)
    kept = [lines for lines in invoices.values() if lines[0]["at"].startswith(month)]
    orders = [line | {"at": lines[0]["at"]} for lines in kept for line in lines]

    units: dict[str, int] = {}
    count: dict[str, int] = {}
    for line in orders:
        units[line["sku"]] = units.get(line["sku"], 0) + int(line["quantity"])
        count[line["sku"]] = count.get(line["sku"], 0) + 1
    products = [
        {
            "sku": product["sku"],
            "name": product["name"],
            "unit_price": product["unit_price"],
            "units_sold": str(units[product["sku"]]),
            "order_lines": str(count[product["sku"]]),
            "on_hand": str(units[product["sku"]] * MONTHS_OF_STOCK),
            "reorder_point": str(max(1, units[product["sku"]] // 2)),
        }
        for product in sorted(read(source / "products.csv.gz"), key=lambda product: product["sku"])
        if product["sku"] in units
    ]

    write(target / "orders.csv.gz", ORDER_COLUMNS, orders)
    write(target / "products.csv.gz", PRODUCT_COLUMNS, products)
    print(f"{len(kept)} orders of {len(orders)} lines, {len(products)} products")


if __name__ == "__main__":
    main()
