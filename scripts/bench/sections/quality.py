"""How good the answers are, on WordNet: the question is a usage sentence, the right answer its synset, whose text has no sentences.

The sample is committed in bench/wordnet, so that every run and every model is asked the same.
"""

import re
from dataclasses import dataclass
from typing import Iterator

from ..machine import CACHE, ROOT, BenchError
from ..report import Section, Verdict, at_least, reported, table
from ..scale import Scale
from ..server import Client, Server, token, wait_until_embedded
from ..stats import Spread, quantile, reciprocal_rank

TITLE = "Retrieval quality"
SAMPLE = ROOT / "bench/wordnet"
TENANT = "quality"
MODES = ("text", "vector", "hybrid")
MODEL_JUDGED = "minilm"


@dataclass(frozen=True)
class Answers:
    """What a mode made of all questions."""

    first: float
    ten: float
    mrr: float
    p50_ms: float


def measure(scale: Scale) -> Section:
    texts = dict(synsets())
    documents, questions = sample()
    absent = [name for name in documents if name not in texts]
    if absent:
        raise BenchError(f"WordNet in {CACHE} lacks {absent[0]}: it is not the version that the sample is from")
    if scale.quick:
        questions = questions[:50]
        documents = [name for _, name in questions]
    section = Section(TITLE)
    section.text.append(
        f"{len(questions)} WordNet 3.1 usage sentences as questions, {len(documents):,} synsets without their sentences as documents "
        "(`bench/wordnet`); ten results each, asked one by one."
    )
    rows = []
    for model in ("wordllama", MODEL_JUDGED):
        answers = asked(model, [(name, texts[name]) for name in documents], questions)
        rows += [[model, mode, f"{a.first:.3f}", f"{a.ten:.3f}", f"{a.mrr:.3f}", f"{a.p50_ms:.1f}"] for mode, a in answers.items()]
        section.verdicts += judged(model, answers)
    section.text.append(table(["model", "mode", "first", "in ten", "MRR@10", "p50 ms"], rows))
    return section


def judged(model: str, answers: dict[str, Answers]) -> list[Verdict]:
    hybrid, part = answers["hybrid"].mrr, max(answers["text"].mrr, answers["vector"].mrr)
    if model != MODEL_JUDGED:
        return [reported(f"hybrid MRR@10 with {model}, and above its better part", f"{hybrid:.3f}, {hybrid - part:+.3f}")]
    one = lambda value: Spread.of([value])
    return [
        at_least(f"hybrid MRR@10 with {model}", one(hybrid), 0.60, "{:.3f}"),
        at_least("the same above the better of its parts", one(hybrid - part), 0.03, "{:.3f}"),
    ]


def asked(model: str, documents: list[tuple[str, str]], questions: list[tuple[str, str]]) -> dict[str, Answers]:
    with Server(model=model) as server, Client(server) as client:
        bearer = token(TENANT)
        for start in range(0, len(documents), 500):
            nodes = [{"classes": ["Synset"], "props": {"text": text}, "metadata": {"synset": name}} for name, text in documents[start : start + 500]]
            client.call("POST", "/nodes/batch", bearer, {"nodes": nodes})
        wait_until_embedded(server, TENANT)
        return {mode: answered(client, bearer, mode, questions) for mode in MODES}


def answered(client: Client, bearer: str, mode: str, questions: list[tuple[str, str]]) -> Answers:
    import time

    places, took = [], []
    for question, answer in questions:
        began = time.perf_counter()
        results = client.call("POST", "/search", bearer, {"query": question, "mode": mode, "top_k": 10})["results"]
        took.append((time.perf_counter() - began) * 1000)
        places.append(reciprocal_rank([result["metadata"]["synset"] for result in results], answer))
    share = lambda holds: sum(map(holds, places)) / len(places)
    return Answers(share(lambda rank: rank == 1), share(lambda rank: rank > 0), sum(places) / len(places), quantile(took, 0.5))


def sample() -> tuple[list[str], list[tuple[str, str]]]:
    """The documents' names, and each question with its answer's name."""
    lines = [line.split("\t") for line in (SAMPLE / "questions.tsv").read_text().splitlines()]
    others = (SAMPLE / "others.txt").read_text().split()
    return [name for name, _ in lines] + others, [(question, name) for name, question in lines]


def synsets() -> Iterator[tuple[str, str]]:
    """Name and text of every synset: its words and its definition, without the sentences."""
    for part in ("noun", "verb", "adj", "adv"):
        for line in (CACHE / f"wordnet/dict/data.{part}").read_text().splitlines():
            if not line.startswith("  "):
                yield parse_synset(part, line)


def parse_synset(part: str, line: str) -> tuple[str, str]:
    """A line of a data file: `offset file type count word id ... | definition; "sentence"`. The count is hexadecimal."""
    head, gloss = line.split(" | ", 1)
    fields = head.split()
    words = [fields[4 + 2 * n].replace("_", " ") for n in range(int(fields[3], 16))]
    definition = re.sub(r';?\s*"[^"]*"', "", gloss).strip()
    return f"{part}{fields[0]}", f"{', '.join(words)}: {definition}"
