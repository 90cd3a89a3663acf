#!/usr/bin/env python3
"""Changes the decisions, the runtime and the journal in small ways, one at a time, and asks whether any test notices.

Mutants are made and judged by cargo-mutants, on copies that hold a few folders each (money.rs and engine.rs beside this file),
so that one is built and tried in seconds. A domain is tried alone: no other knows it. A mutant that passes the folders' own tests
and laws must be argued in argued.tsv: file, mutant, the line that it changes, and why. This fails when one is not argued, and when
an argument is about a mutant that is noticed or no longer made.

Needs cargo-mutants and cargo-nextest, and installs them where they are missing.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "mutants"
SCRATCH = WORK / "scratch"
CARGO = os.environ.get("CARGO", "cargo")
ARGUED = HERE / "argued.tsv"

# What is mutated together: in which copy, which folders, which tests are asked, and which test program is asked of what those
# miss: that takes a while.
RUNS = [
    ("money", ["types"], "all()", None),
    ("stock", ["inventory"], "all()", None),
    ("payments", ["payment"], "all()", None),
    ("orders", ["order"], "all()", None),
    ("engine", ["runtime"], "not test(/^journal/)", None),
    ("engine", ["journal"], "test(/^journal/)", "disk"),
]
FOLDERS = [folder for _, folders, _, _ in RUNS for folder in folders]
# What is in a copy.
LAID_OUT = {
    "money": ["types", "runtime", "inventory", "payment", "order"],
    "stock": ["types", "runtime", "inventory"],
    "payments": ["types", "runtime", "payment"],
    "orders": ["types", "runtime", "order"],
    "engine": ["types", "runtime", "journal", "order"],
}
# Its test programs, which bring their own runner.
PROGRAMS = {"engine": ["disk"]}
# What is there for tests alone: where they make things go wrong, and a disk that fails as they say.
LEFT_OUT = ["runtime/fault_points.rs", "journal/memory.rs"]
# A mutant that waits for ever is noticed after so long, in seconds.
PATIENCE = 60
TOOLS = {"cargo-mutants": "27", "cargo-nextest": "0.9"}
PLACE = re.compile(r"^(?P<file>[^:]+):(?P<line>\d+):\d+: (?P<what>.*)$")


def tools():
    for tool, version in TOOLS.items():
        if shutil.which(tool) is None:
            print(f"installing {tool} {version}", flush=True)
            subprocess.run([CARGO, "install", "--locked", tool, "--version", f"^{version}"], check=True)


def lay_out(copy):
    """Some folders, as a package of their own, built: each job begins with a copy of that."""
    place = WORK / copy
    for old in ("src", "tests", "proptest-regressions", ".config"):
        shutil.rmtree(place / old, ignore_errors=True)
    (place / ".config").mkdir(parents=True)
    for folder in LAID_OUT[copy]:
        shutil.copytree(ROOT / "src" / folder, place / "src" / folder)
    programs = PROGRAMS.get(copy, [])
    for program in programs:
        shutil.copytree(ROOT / "tests" / program, place / "tests" / program)
    name(place, None)
    (place / "src" / "lib.rs").write_text(library(copy), encoding="utf-8")
    shutil.copy(ROOT / "Cargo.lock", place / "Cargo.lock")
    shutil.copytree(ROOT / "proptest-regressions", place / "proptest-regressions")
    # Nothing is missed where something fails already.
    subprocess.run([CARGO, "nextest", "run", "--lib", "--cargo-profile=mutants"], cwd=place, env=environment(), check=True)
    for program in programs:
        name(place, program)
        subprocess.run([CARGO, "test", "--test", program, "--profile=mutants"], cwd=place, env=environment(), check=True)


def library(copy):
    """The root of a copy: that of all money, without the domains that are not in it; or the engine's."""
    lines = (HERE / ("engine.rs" if copy == "engine" else "money.rs")).read_text(encoding="utf-8").splitlines(True)
    left_out = [f"pub mod {folder};" for folder in LAID_OUT["money"] if folder not in LAID_OUT[copy]]
    return "".join(line for line in lines if line.strip() not in left_out)


def name(place, program):
    """Writes the manifest of a copy, with this test program or with none: nextest cannot list what brings its own runner."""
    manifest = (HERE / "Cargo.toml").read_text(encoding="utf-8")
    if program:
        manifest += f'\n[[test]]\nname = "{program}"\npath = "tests/{program}/main.rs"\nharness = false\n'
    (place / "Cargo.toml").write_text(manifest, encoding="utf-8")


def environment():
    """A target directory of its own for each copy, and one place for what tests leave behind that were ended."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
    return {**kept, "TMPDIR": str(SCRATCH)}


def mutate(copy, folders, tests, program, is_again, jobs, shard):
    """Tries the mutants of some folders: those that nobody noticed, and how many there were of each sort."""
    (WORK / copy / ".config" / "nextest.toml").write_text(f"[profile.default]\ndefault-filter = '{tests}'\n", encoding="utf-8")
    out = WORK / f"{copy}-{'-'.join(folders)}"
    if not is_again:
        shutil.rmtree(out, ignore_errors=True)
    name(WORK / copy, None)
    of = [f"--jobs={jobs}", *(f"--file=src/{folder}/**" for folder in folders), *(f"--exclude=src/{file}" for file in LEFT_OUT)]
    asked = [*([f"--shard={shard}"] if shard else []), *(["--iterate"] if is_again else [])]
    lists = run(copy, out, ["--test-tool=nextest", "--cargo-test-arg=--lib", *of, *asked])
    if program and lists["missed"]:
        name(WORK / copy, program)
        asked = [f"--re=^{re.escape(mutant)}$" for mutant in lists["missed"]]
        out = out.with_name(f"{out.name}-{program}")
        later = run(copy, out, ["--test-tool=cargo", f"--cargo-test-arg=--test={program}", *of, *asked])
        # Some sorts of mutants are tried whatever names were asked for.
        missed = set(lists["missed"])
        lists |= {sort: lists[sort] + [mutant for mutant in later[sort] if mutant in missed] for sort in ("caught", "timeout")}
        lists["missed"] = [mutant for mutant in later["missed"] if mutant in missed]
    counts = " ".join(f"{sort}={len(mutants)}" for sort, mutants in lists.items())
    return [named(copy, mutant) for mutant in lists["missed"]], counts


def run(copy, out, asked):
    """Has cargo-mutants try some mutants of a copy: what became of them."""
    usual = [f"--output={out}", "--profile=mutants", "--no-shuffle", "--baseline=skip", "--copy-target=true", "--colors=never"]
    command = [CARGO, "mutants", *usual, f"--timeout={PATIENCE}", *asked]
    status = subprocess.run(command, cwd=WORK / copy, env=environment(), check=False).returncode
    shutil.rmtree(SCRATCH, ignore_errors=True)
    # 2: some were missed; 3: some took too long. Both are results; anything else is not.
    if status not in (0, 2, 3):
        sys.exit(f"cargo mutants ended with {status} in {copy}")
    said = out / "mutants.out"
    sorts = {"caught": "caught", "timeout": "timeout", "unviable": "unviable", "missed": "missed", "before": "previously_caught"}
    files = {sort: said / f"{stem}.txt" for sort, stem in sorts.items()}
    return {sort: file.read_text(encoding="utf-8").splitlines() for sort, file in files.items() if file.exists()}


def named(copy, mutant):
    """What stands in argued.tsv of a mutant: its file, what was changed, and the line it was changed in. Lines move."""
    place = PLACE.match(mutant)
    if place is None:
        sys.exit(f"not a mutant: {mutant}")
    lines = (WORK / copy / place["file"]).read_text(encoding="utf-8").splitlines()
    return place["file"], place["what"], " ".join(lines[int(place["line"]) - 1].split())


def argued(folders):
    """What is argued of these folders, with the reasons."""
    entries = {}
    for line in ARGUED.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 4 or not all(part.strip() for part in parts):
            sys.exit(f"{ARGUED.name}: not file, mutant, line and reason, with tabs between: {line}")
        if parts[0].split("/")[1] in folders:
            entries[tuple(parts[:3])] = parts[3]
    return entries


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folders", nargs="*", metavar="FOLDER", help=f"all of {', '.join(FOLDERS)} unless named")
    options.add_argument("--jobs", default="2", help="mutants that are tried at once")
    options.add_argument("--again", action="store_true", help="only what was not noticed last time, or has moved since")
    options.add_argument("--shard", help="k/n: the k-th of n parts, for a look; then arguments without a mutant are not told")
    asked = options.parse_args()
    unknown = [folder for folder in asked.folders if folder not in FOLDERS]
    if unknown:
        options.error(f"no such folder: {', '.join(unknown)}")
    folders = asked.folders or list(FOLDERS)
    tools()
    missed, figures, laid_out = set(), [], set()
    for copy, together, tests, program in RUNS:
        wanted = [folder for folder in together if folder in folders]
        if not wanted:
            continue
        if copy not in laid_out:
            lay_out(copy)
            laid_out.add(copy)
        found, counts = mutate(copy, wanted, tests, program, asked.again, asked.jobs, asked.shard)
        missed |= set(found)
        figures.append(f"mutants: folders={','.join(wanted)} {counts}")
    reasons = argued(folders)
    unargued = sorted(missed - reasons.keys())
    stale = [] if asked.shard else sorted(reasons.keys() - missed)
    for mutant in unargued:
        print("NOT NOTICED  " + "\t".join(mutant))
    for mutant in stale:
        print("ARGUED, AND NOT MISSED  " + "\t".join(mutant))
    print("\n".join(figures))
    print(f"mutants: missed={len(missed)} argued={len(missed) - len(unargued)} unargued={len(unargued)}")
    return 1 if unargued or stale else 0


if __name__ == "__main__":
    sys.exit(main())
