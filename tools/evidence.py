#!/usr/bin/env python3
"""Runs the three rings of proof at length and writes what they came to into docs/reliability.md.

Each ring prints lines of figures that begin with its name; nothing else is taken from a run. A run that fails is written down
as failed, and then this fails as well. What was found on the way stands in docs/found.md, written by hand.
"""

import argparse
import datetime
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"
FOUND = ROOT / "docs" / "found.md"
FIGURES = re.compile(r"^[a-z]+(-[a-z]+)?: \S+=")
TEST = "cargo test --release -p orderflow --features faults"


def rings(scale):
    """What each is, its environment, its command."""

    def of(count, least):
        return str(max(least, int(count * scale)))

    return [
        (
            "Ring A: the pure decisions, beside models that share no code with them",
            {"ORDERFLOW_CORE_COMMANDS": of(1_000_000_000, 1_000_000)},
            f"{TEST} --test core -- --nocapture",
        ),
        (
            "Ring B: the whole node in virtual time, under faults that follow from a seed",
            {"ORDERFLOW_SIM_SEEDS": of(100_000, 100)},
            f"{TEST} --test sim -- --nocapture --test-threads=1 whatever the_same seeds_that",
        ),
        (
            "Money under faults: every operation with every fault, inquiry, notice and crash",
            {"ORDERFLOW_SIM_CELLS": "all" if scale >= 1 else "pairs"},
            f"{TEST} --test sim -- --nocapture money",
        ),
        ("Ring C: the shipped programs on a real disk", {}, f"make chaos KILLS={of(1_000, 3)}"),
    ]


def machine():
    model = "an unnamed processor"
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8"))
        model = found.group(1) if found else model
    return f"{os.cpu_count()} cores of {model}, {platform.system()} {platform.release()}"


def run(environment, command):
    """Runs a command, shows what it prints, and returns its lines of figures, how long it took and whether it was green."""
    begun = time.monotonic()
    lines = []
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
            lines.append(line.strip())
    return lines, time.monotonic() - begun, process.wait() == 0


def grouped(value):
    return f"{int(value):,}" if value.isdigit() else value


def table(line):
    """A line of figures as a small table."""
    name, rest = line.split(": ", 1)
    pairs = [pair.split("=", 1) for pair in rest.split() if "=" in pair]
    rows = "\n".join(f"| {key.replace('_', ' ')} | {grouped(value)} |" for key, value in pairs)
    return f"`{name}`\n\n| figure | value |\n|---|---|\n{rows}"


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--scale", type=float, default=1.0, help="how much of each ring is run; 1 is all of it")
    scale = options.parse_args().scale
    head = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(head, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    asked = "make evidence" if scale == 1 else f"make evidence SCALE={scale:g}"
    parts = [
        "# What holds, and how we know",
        f"Written by `{asked}` on {datetime.date.today().isoformat()}, at {commit}, on {machine()}. Every figure is from these runs.",
        "Three rings, one idea: draw what goes wrong from a seed, and then hold what is there against what clients were told and "
        "what the bank's ledger says. `ORDERFLOW_SIM_SEED=n make sim` shows one seed of ring B, `ORDERFLOW_CORE_SEED=n make core` "
        "one of ring A.",
    ]
    is_green = True
    for title, environment, command in rings(scale):
        lines, seconds, passed = run(environment, command)
        is_green &= passed and bool(lines)
        asked = " ".join([*(f"{name}={value}" for name, value in environment.items()), command])
        verdict = "passed" if passed and lines else "FAILED"
        parts += [f"## {title}", f"`{asked}`: {verdict} after {seconds / 60:.1f} minutes, building included."]
        parts += [table(line) for line in lines]
    parts.append(FOUND.read_text(encoding="utf-8"))
    PAGE.write_text("\n\n".join(part.strip() for part in parts) + "\n", encoding="utf-8")
    print(f"written to {PAGE.relative_to(ROOT)}")
    return 0 if is_green else 1


if __name__ == "__main__":
    sys.exit(main())
