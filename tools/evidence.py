#!/usr/bin/env python3
"""Runs the rings of proof at length and writes what they came to into docs/reliability.md.

Each ring prints lines of figures that begin with its name; nothing else is taken from a run. What a run came to is kept as a
record in docs/evidence, with its commit, day and machine, and the page is made of the records: so rings may be run one by one,
and a reader sees what each was run on. A run that fails is recorded as failed, and then this fails as well. Which ring asks
for which invariant, and what was found on the way, is written by hand: docs/invariants.md and docs/found.md.

With a scale below 1 nothing in docs is touched: records and page go to target/evidence.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Written by hand, and put behind what was run.
BY_HAND = [ROOT / "docs" / name for name in ("invariants.md", "found.md")]
FIGURES = re.compile(r"^[a-z]+(-[a-z]+)?: \S+=")
TEST = "cargo test --release -p orderflow --features faults"
BITES = "Tests that bite: small changes, one at a time,"


def rings(scale):
    """By name: what each is, its environment, its command."""

    def of(count, least):
        return str(max(least, int(count * scale)))

    return {
        "core": (
            "Ring A: the pure decisions, beside models that share no code with them",
            {"ORDERFLOW_CORE_COMMANDS": of(1_000_000_000, 1_000_000)},
            f"{TEST} --test core -- --nocapture",
        ),
        "sim": (
            "Ring B: the whole node in virtual time, under faults that follow from a seed",
            {"ORDERFLOW_SIM_SEEDS": of(100_000, 100)},
            f"{TEST} --test sim -- --nocapture --test-threads=1 whatever the_same seeds_that",
        ),
        "money": (
            "Money under faults: every operation with every fault, inquiry, notice and crash",
            {"ORDERFLOW_SIM_CELLS": "all" if scale >= 1 else "pairs"},
            f"{TEST} --test sim -- --nocapture money",
        ),
        "disk": (
            "The journal by exhaustion: every call of the disk fails, the power fails after each, files are cut and changed",
            {"ORDERFLOW_DISK": of(50, 1)},
            f"{TEST} --test disk",
        ),
        "chaos": ("Ring C: the programs on a real disk", {}, f"make chaos KILLS={of(1_000, 3)}"),
        "planted": (
            "Planted faults: the product's rules taken away one by one, and ring B's first thousand seeds asked",
            {"KIND": "sim"},
            "make planted" if scale >= 1 else "make planted ARGS=tests/planted/key-forgotten.patch",
        ),
        "mutants-types": (f"{BITES} of ids, money, quantities and time", {}, mutants("types", scale)),
        "mutants-stock": (f"{BITES} of what decides on stock", {}, mutants("inventory", scale)),
        "mutants-payments": (f"{BITES} of what decides on payments", {}, mutants("payment", scale)),
        "mutants-orders": (f"{BITES} of what decides on orders", {}, mutants("order", scale)),
        "mutants-engine": (f"{BITES} of the runtime and the journal", {}, mutants("runtime journal", scale)),
    }


def mutants(folders, scale):
    """All mutants of some folders, or for a look a shard of them."""
    shard = "" if scale >= 1 else f" --shard=0/{max(1, int(1 / scale))}"
    return f"make mutants ARGS='{folders}{shard}'"


def machine():
    model = "an unnamed processor"
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8"))
        model = found.group(1) if found else model
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}"


def commit():
    """What is built: its commit, and whether something else than records of runs was changed since."""

    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")
    return git("rev-parse", "--short", "HEAD") + (" and changes that were not committed" if changed else "")


def run(title, environment, command):
    """Runs a command, shows what it prints, and returns the record of it."""
    record = {
        "title": title,
        "command": " ".join([*(f"{name}={value}" for name, value in environment.items()), command]),
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "machine": machine(),
    }
    begun = time.monotonic()
    figures = []
    process = subprocess.Popen(
        command,
        shell=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in process.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if FIGURES.match(line):
            figures.append(line.strip())
    # A run that says nothing has shown nothing.
    record["has_passed"] = process.wait() == 0 and bool(figures)
    record["minutes"] = round((time.monotonic() - begun) / 60, 1)
    record["figures"] = figures
    return record


def grouped(value):
    return f"{int(value):,}" if value.isdigit() else value


def table(line):
    """A line of figures as a small table."""
    name, rest = line.split(": ", 1)
    pairs = [pair.split("=", 1) for pair in rest.split() if "=" in pair]
    # A seed is a name that looks like a number: whoever repeats a run writes it as it stands.
    written = ((key, value if key == "seed" else grouped(value)) for key, value in pairs)
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value} |" for key, value in written)
    return f"`{name}`\n\n| figure | value |\n|---|---|\n{rows}"


def page(records):
    """The page of all records there are, in the order of the rings."""
    parts = [
        "# What holds, and how we know",
        "Written by `make evidence`. Every figure is from a run, and above each stands what was run, on which commit, when and "
        "where.",
        "Three rings, one idea: draw what goes wrong from a seed, and then hold what is there against what clients were told and "
        "what the bank's ledger says. `ORDERFLOW_SIM_SEED=n make sim` shows one seed of ring B, `ORDERFLOW_CORE_SEED=n make core` "
        "one of ring A.",
    ]
    for record in records:
        verdict = "passed" if record["has_passed"] else "**FAILED**"
        parts += [
            f"## {record['title']}",
            f"`{record['command']}`",
            f"{verdict} after {record['minutes']} minutes, building included; {record['date']}, commit {record['commit']}, "
            f"{record['machine']}.",
        ]
        parts += [table(line) for line in record["figures"]]
    parts += [path.read_text(encoding="utf-8") for path in BY_HAND]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scale", type=float, default=1.0, help="how much of each ring is run; 1 is all of it")
    options.add_argument("rings", nargs="*", metavar="RING", help=f"all of {', '.join(rings(1))} unless named")
    asked = options.parse_args()
    known = rings(asked.scale)
    for name in asked.rings:
        if name not in known:
            options.error(f"there is no ring called {name}; there are {', '.join(known)}")
    docs = ROOT / "docs" if asked.scale >= 1 else ROOT / "target" / "evidence"
    kept = docs / "evidence"
    kept.mkdir(parents=True, exist_ok=True)
    is_green = True
    for name in asked.rings or known:
        record = run(*known[name])
        is_green &= record["has_passed"]
        (kept / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    there = [kept / f"{name}.json" for name in known if (kept / f"{name}.json").exists()]
    written = docs / "reliability.md"
    written.write_text(page([json.loads(path.read_text(encoding="utf-8")) for path in there]), encoding="utf-8")
    print(f"written to {written.relative_to(ROOT)}")
    return 0 if is_green else 1


if __name__ == "__main__":
    sys.exit(main())
