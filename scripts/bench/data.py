"""Made-up vectors with the shape of real ones: 400 topics on a manifold of 48 dimensions, and noise in all of them. Same seed, same data.

A vector is its topic's centre, a displacement on the manifold, and noise: shares of 48, 12 and 10 of its squared length. So two of one topic
have a cosine of about 0.7, and two of different topics of about 0. The manifold lies along the axes, each of its dimensions repeated; any
rotation of it has the same distances, and those are all that search sees.
"""

import math
import random
import struct
from array import array
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from typing import BinaryIO, Iterable, Iterator

MANIFOLD = 48
TOPICS = 400
TOPICS_OF_A_TENANT = 25


def even(deviation: float) -> list[float]:
    """Numbers for each byte, evenly spread, with this standard deviation: a table is ten times faster than a gaussian, and looks the
    same once hundreds are added up."""
    return [(byte - 127.5) / 127.5 * math.sqrt(3) * deviation for byte in range(256)]


DISPLACEMENT = even(0.5)
NOISE = even(math.sqrt(10 / MANIFOLD))


class World:
    """The topics, and vectors about them."""

    def __init__(self, dimensions: int = 384, seed: str = "wardgraph"):
        self.dimensions, self.seed = dimensions, seed
        chance = random.Random(f"{seed}/topics")
        self.centres = [[chance.gauss(0, 1) for _ in range(MANIFOLD)] for _ in range(TOPICS)]

    def vector(self, topic: int, chance: random.Random) -> array:
        draw = chance.randbytes(MANIFOLD + self.dimensions)
        point = [centre + DISPLACEMENT[byte] for centre, byte in zip(self.centres[topic], draw)]
        wide = point * -(-self.dimensions // MANIFOLD)
        raw = [x + NOISE[byte] for x, byte in zip(wide, draw[MANIFOLD:])]
        length = math.sqrt(sum(map(mul, raw, raw)))
        return array("f", [x / length for x in raw])

    def topics_of(self, tenant: str) -> list[int]:
        return random.Random(f"{self.seed}/{tenant}/topics").sample(range(TOPICS), TOPICS_OF_A_TENANT)

    def near(self, tenant: str, count: int) -> list[array]:
        """Queries about the tenant's own topics."""
        chance, topics = random.Random(f"{self.seed}/{tenant}/near"), self.topics_of(tenant)
        return [self.vector(chance.choice(topics), chance) for _ in range(count)]

    def far(self, tenant: str, count: int) -> list[array]:
        """Queries about topics of which the tenant has nothing."""
        chance, own = random.Random(f"{self.seed}/{tenant}/far"), set(self.topics_of(tenant))
        others = [topic for topic in range(TOPICS) if topic not in own]
        return [self.vector(chance.choice(others), chance) for _ in range(count)]

    def rows(self, tenant: str, count: int, first: int = 0, topics: list[int] | None = None) -> Iterator["Row"]:
        """The tenant's nodes, numbered from `first`."""
        chance = random.Random(f"{self.seed}/{tenant}/{first}")
        topics = topics or self.topics_of(tenant)
        for number in range(first, first + count):
            topic = chance.choice(topics)
            yield Row(tenant, node_id(number), words(topic, chance), self.vector(topic, chance))


@dataclass(frozen=True)
class Row:
    """A node and its vector."""

    tenant: str
    node: bytes
    text: str
    vector: array


def node_id(number: int) -> bytes:
    """The node's UUID; the tenant is the other half of its key."""
    return bytes.fromhex("0190000000007000") + (0x8 << 60 | number).to_bytes(8, "big")


def node_path(number: int) -> str:
    text = node_id(number).hex()
    return f"/nodes/{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


SYLLABLES = [first + second for first in "bdfgklmnprstv" for second in ("a", "e", "i", "o", "u", "an", "en", "or")]


def words(topic: int, chance: random.Random) -> str:
    """Eight words: four of the topic's own fifty, four that all topics share."""
    own = (f"{SYLLABLES[topic % 104]}{SYLLABLES[topic // 4]}{SYLLABLES[chance.randrange(50)]}" for _ in range(4))
    common = (f"{SYLLABLES[chance.randrange(104)]}{SYLLABLES[chance.randrange(104)]}" for _ in range(4))
    return " ".join([*own, *common])


def zipf(tenants: int, rows: int, fixed: dict[int, int] | None = None) -> list[int]:
    """How many rows each tenant has: in proportion to 1/rank, but for those whose size is `fixed`; the largest takes what rounding leaves."""
    harmonic = sum(1 / rank for rank in range(1, tenants + 1))
    sizes = [max(1, round(rows / harmonic / rank)) for rank in range(1, tenants + 1)]
    for place, size in (fixed or {}).items():
        sizes[place] = size
    sizes[0] += rows - sum(sizes)
    return sizes


def literal(vector: Iterable[float]) -> str:
    """As pgvector reads it."""
    return "[" + ",".join(map("{:.7g}".format, vector)) + "]"


def write_copy(rows: Iterable[Row], file: BinaryIO) -> int:
    """The rows in Postgres' binary COPY format: tenant, node, text, vector. Returns how many."""
    file.write(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0))
    count = 0
    for row in rows:
        floats = array("f", row.vector)
        floats.byteswap()
        vector = struct.pack(">hh", len(row.vector), 0) + floats.tobytes()
        fields = (row.tenant.encode(), row.node, row.text.encode(), vector)
        file.write(struct.pack(">h", len(fields)) + b"".join(struct.pack(">i", len(field)) + field for field in fields))
        count += 1
    file.write(struct.pack(">h", -1))
    return count


LOAD = """
begin;
create temp table fresh (tenant_id text, node_id uuid, content text, embedding vector) on commit drop;
\\copy fresh from '{path}' with (format binary)
insert into nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, content, embedding_status, created_at, updated_at, size_bytes)
  select tenant_id, node_id, array['Bench'], jsonb_build_object('text', content), '{{}}', '{{}}', '[]', content, 'ready', now(), now(), 100 from fresh;
insert into embeddings (tenant_id, node_id, model, embedding, embedded_at) select tenant_id, node_id, '{model}', embedding, now() from fresh;
do $$ begin
  if to_regclass('vector_spaces') is not null then
    execute $touch$ insert into vector_spaces (tenant_id, model, touched) select tenant_id, '{model}', count(*) from fresh group by tenant_id order by tenant_id
      on conflict (tenant_id, model) do update set touched = vector_spaces.touched + excluded.touched $touch$;
  end if;
end $$;
commit;
"""


def load(server, rows: Iterable[Row]) -> int:
    """Puts rows straight into Postgres, as the worker leaves them: each vector in the tail, outside any graph, and counted as kept."""
    path = Path(server.folder, "rows.copy")
    with open(path, "wb") as file:
        count = write_copy(rows, file)
    server.sql(LOAD.format(path=path, model=server.model_id))
    path.unlink()
    return count
