#!/usr/bin/env python3
"""Search quality on WordNet 3.1: the query is a synset's usage sentence, the right answer is that synset, whose text has no sentences.

Starts its own server (release build) with the model named by QUALITY_MODEL (default minilm), loads about 5,500 synsets of one tenant and
asks 500 questions by meaning, by words, and by both. Writes bench/QUALITY.md.
"""

import os
import pathlib
import random
import re
import shutil
import tempfile
import time

from bench import ROOT, Server

MODEL = os.environ.get("QUALITY_MODEL", "minilm")
QUESTIONS = 500
DOCUMENTS = 5500


def synsets():
    """Text without sentences, and the sentences, of every noun and verb synset."""
    for part in ("noun", "verb", "adj", "adv"):
        for line in (ROOT / f".cache/wordnet/dict/data.{part}").read_text().splitlines():
            if line.startswith("  "):
                continue
            head, gloss = line.split(" | ", 1)
            fields = head.split()
            words = [fields[4 + 2 * n].replace("_", " ") for n in range(int(fields[3], 16))]
            sentences = re.findall(r'"([^"]{12,})"', gloss)
            definition = re.sub(r';?\s*"[^"]*"', "", gloss).strip()
            yield f"{part}{fields[0]}", f"{', '.join(words)}: {definition}", sentences


def measure(server, token, questions, mode):
    first = ten = reciprocal = 0.0
    began = time.monotonic()
    for question, answer in questions:
        results = server.call("POST", "/search", token, {"query": question, "mode": mode, "top_k": 10})["results"]
        found = [result["metadata"]["synset"] for result in results]
        if answer in found:
            place = found.index(answer) + 1
            first += place == 1
            ten += 1
            reciprocal += 1 / place
    count = len(questions)
    return first / count, ten / count, reciprocal / count, (time.monotonic() - began) / count * 1000


def main():
    random.seed(31)
    everything = list(synsets())
    asked = random.sample([entry for entry in everything if entry[2]], QUESTIONS)
    rest = random.sample(everything, DOCUMENTS - QUESTIONS)
    documents = {name: text for name, text, _ in asked + rest}
    questions = [(sentences[0], name) for name, _, sentences in asked]
    folder = tempfile.mkdtemp(prefix="wardgraph-quality-")
    os.chmod(folder, 0o711)
    server = Server(folder, model=MODEL)
    try:
        token = server.token("quality")
        names = list(documents)
        for start in range(0, len(names), 500):
            nodes = [{"classes": ["Synset"], "props": {"text": documents[name]}, "metadata": {"synset": name}} for name in names[start : start + 500]]
            server.call("POST", "/nodes/batch", token, {"nodes": nodes})
        server.wait_for_vectors(token)
        lines = [
            "# Search quality", "",
            f"{QUESTIONS} WordNet 3.1 usage sentences as queries, {len(documents)} synsets without their sentences as documents, model `{MODEL}`; one run of `scripts/quality.py`.", "",
            "| mode | first | in ten | MRR@10 | ms a query |", "|---|---|---|---|---|",
        ]
        for mode in ("text", "vector", "hybrid"):
            first, ten, reciprocal, ms = measure(server, token, questions, mode)
            lines.append(f"| {mode} | {first:.3f} | {ten:.3f} | {reciprocal:.3f} | {ms:.1f} |")
        text = "\n".join([*lines, ""])
        (ROOT / "bench").mkdir(exist_ok=True)
        (ROOT / "bench/QUALITY.md").write_text(text)
        print(text)
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
