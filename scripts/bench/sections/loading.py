"""How fast texts become searchable, beside what the model alone reaches on the same cores."""

import json
import random
import time
from pathlib import Path

from ..load import run
from ..machine import CACHE, THROUGHPUT, BenchError
from ..report import Section, at_least, table
from ..scale import Scale
from ..server import Client, Server, token, wait_until_embedded
from ..stats import Spread, paired
from .quality import synsets

TITLE = "Loading, counted until searchable"
ROUNDS = 3
STATIC_TEXTS_A_SECOND = 2_000


def measure(scale: Scale) -> Section:
    section, rows = Section(TITLE), []
    texts = [text for _, text in synsets()]
    random.Random("loading").shuffle(texts)
    for model, threads, full in (("minilm", 1, 700), ("minilm", 2, 1_000), ("wordllama", 1, 10_000)):
        count = scale.of(full, 100)
        alone, ours = [], []
        with Server(model=model, WARDGRAPH_EMBEDDING__THREADS=str(threads)) as server:
            for number in range(min(scale.rounds, ROUNDS)):
                some = [texts[(number * count + n) % len(texts)] for n in range(count)]
                alone.append(model_alone(model, threads, some)["texts_per_s"])
                ours.append(loaded(server, f"load-{number}", some))
        kind = f"{model}, {threads} thread{'s' if threads > 1 else ''}"
        rows.append([kind, f"{count:,}", Spread.of(alone).shown("{:,.0f}"), Spread.of(ours).shown("{:,.0f}")])
        if model == "minilm":
            ratio = paired(ours, alone, lambda one, other: one / other)
            section.verdicts.append(at_least(f"{kind}: loading to the model alone", ratio, 0.8))
        else:
            section.verdicts.append(at_least(f"{kind}: short texts a second until searchable", Spread.of(ours), STATIC_TEXTS_A_SECOND, "{:,.0f}"))
    section.text += [
        "WordNet definitions through `POST /nodes/batch`, 500 at once, until every vector is kept; the model alone embeds the same texts in batches "
        "of 64 on as many threads, and does nothing else.",
        table(["model", "texts", "alone, a second", "loaded, a second"], rows),
    ]
    return section


def model_alone(model: str, threads: int, texts: list[str]) -> dict[str, float]:
    """What the model does without a server: texts a second, and the KiB of memory that it takes."""
    if not THROUGHPUT.exists():
        raise BenchError("the example `throughput` is missing: run `cargo build --release -p wardgraph-embed --example throughput`")
    import tempfile

    with tempfile.TemporaryDirectory(prefix="wardgraph-bench-") as folder:
        path = Path(folder, "texts")
        path.write_text("\n".join(text.replace("\n", " ") for text in texts))
        out, _ = run([THROUGHPUT, CACHE / "models", model, threads, path])
    return json.loads(out)


def loaded(server: Server, tenant: str, texts: list[str]) -> float:
    """Texts a second, from the first byte sent until the last vector is kept."""
    bearer = token(tenant)
    bodies = [
        json.dumps({"nodes": [{"classes": ["Synset"], "props": {"text": text}} for text in texts[start : start + 500]]}).encode()
        for start in range(0, len(texts), 500)
    ]
    began = time.monotonic()
    with Client(server) as client:
        for body in bodies:
            status, answer = client.send("POST", "/nodes/batch", bearer, body)
            if status not in (200, 201):
                raise BenchError(f"POST /nodes/batch was answered {status}: {answer[:300]!r}")
    wait_until_embedded(server, tenant)
    return len(texts) / (time.monotonic() - began)
