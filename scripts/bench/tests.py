"""Tests of what needs no server: `python3 -m unittest bench.tests` in `scripts`."""

import io
import random
import struct
import unittest
from contextlib import redirect_stderr

from . import agreement, data, load, machine, report, server, stats
from .__main__ import SECTIONS, chosen
from .sections import quality, requests


class Stats(unittest.TestCase):
    def test_mann_whitney_agrees_with_a_published_example(self):
        # Mann-Whitney by hand: tortoises and hares, places 1 to 12, T H H H H H T T T T T H.
        tortoises, hares = [12, 6, 5, 4, 3, 2], [11, 10, 9, 8, 7, 1]
        self.assertEqual(stats.mann_whitney(tortoises, hares).u, 11)
        self.assertEqual(stats.mann_whitney(hares, tortoises).u, 25)

    def test_mann_whitney_agrees_with_scipy(self):
        # The example of SciPy's documentation of `mannwhitneyu`, method `asymptotic`.
        found = stats.mann_whitney([19, 22, 16, 29, 24], [20, 11, 17, 12])
        self.assertEqual(found.u, 17)
        self.assertAlmostEqual(found.p, 0.11134688653314041)

    def test_mann_whitney_corrects_for_ties(self):
        # By hand: ties of two and of four, so the variance is 4 * 4 / 12 * (9 - (6 + 60) / 56), and z = 5.5 / 3.2293.
        found = stats.mann_whitney([1, 1, 2, 2], [2, 2, 3, 4])
        self.assertEqual(found.u, 2.0)
        self.assertAlmostEqual(found.p, 0.08854, places=4)
        self.assertAlmostEqual(found.effect, -0.75)

    def test_mann_whitney_sees_a_shift_and_no_difference(self):
        chance = random.Random(1)
        some, same = ([chance.gauss(0, 1) for _ in range(2000)] for _ in range(2))
        self.assertGreater(stats.mann_whitney(some, same).p, 0.01)
        self.assertLess(stats.mann_whitney(some, [value + 0.2 for value in same]).p, 1e-6)
        self.assertEqual(stats.mann_whitney([1, 1], [1, 1]).p, 1.0)

    def test_a_ratio_is_made_within_its_round(self):
        found = stats.paired([1, 20, 3], [2, 10, 3], lambda one, other: one / other)
        self.assertEqual((found.middle, found.low, found.high), (1, 0.5, 2))
        self.assertEqual(found.shown("{:.1f}"), "1.0 (0.5 to 2.0)")

    def test_recall_and_rank(self):
        self.assertEqual(stats.recall(["a", "b"], ["b", "c", "d", "e"]), 0.25)
        self.assertEqual(stats.reciprocal_rank(["a", "b"], "b"), 0.5)
        self.assertEqual(stats.reciprocal_rank(["a", "b"], "c"), 0)


class Data(unittest.TestCase):
    def test_vectors_are_the_same_every_time_and_of_length_one(self):
        one, other = ([row.vector for row in data.World().rows("a", 3)] for _ in range(2))
        self.assertEqual(one, other)
        self.assertAlmostEqual(sum(x * x for x in one[0]), 1, places=5)
        self.assertEqual({len(vector) for vector in data.World(256).near("a", 2)}, {256})

    def test_topics_are_alike_within_and_unlike_between(self):
        world, chance = data.World(), random.Random(1)
        cosine = lambda one, other: sum(x * y for x, y in zip(one, other))
        within = [cosine(world.vector(topic, chance), world.vector(topic, chance)) for topic in range(50)]
        between = [cosine(world.vector(topic, chance), world.vector(topic + 1, chance)) for topic in range(50)]
        self.assertTrue(0.6 < sum(within) / 50 < 0.8, within)
        self.assertTrue(-0.1 < sum(between) / 50 < 0.1, between)

    def test_sizes_add_up_and_fall(self):
        sizes = data.zipf(100, 100_000, {9: 2_000})
        self.assertEqual((sum(sizes), sizes[9], len(sizes)), (100_000, 2_000, 100))
        self.assertTrue(19_000 < sizes[0] < 19_500 and 190 < sizes[99] < 200)

    def test_rows_are_written_as_postgres_copies(self):
        file = io.BytesIO()
        row = data.Row("acme", data.node_id(7), "a text", [0.5, -1.0])
        self.assertEqual(data.write_copy([row], file), 1)
        fields = struct.pack(">h", 4) + struct.pack(">i", 4) + b"acme" + struct.pack(">i", 16) + row.node
        fields += struct.pack(">i", 6) + b"a text" + struct.pack(">ihhff", 12, 2, 0, 0.5, -1.0)
        self.assertEqual(file.getvalue(), b"PGCOPY\n\xff\r\n\0" + bytes(8) + fields + b"\xff\xff")

    def test_a_nodes_path_is_its_id(self):
        self.assertEqual(data.node_path(255), "/nodes/01900000-0000-7000-8000-0000000000ff")


class Parsing(unittest.TestCase):
    WRK = """  Thread Stats   Avg      Stdev     Max   +/- Stdev
  Latency Distribution
     50%   97.00us
     99%    2.50ms
  {}1000 requests in 2.00s, 100KB read
Requests/sec:    500.00
"""

    def test_wrk(self):
        self.assertEqual(load.parse_wrk(self.WRK.format("")), (1000, 500.0, 0.097, 2.5, 0))
        self.assertEqual(load.parse_wrk(self.WRK.format("Non-2xx or 3xx responses: 3\n  "))[4], 3)

    def test_broken_connections_are_an_error(self):
        with self.assertRaises(machine.BenchError):
            load.parse_wrk(self.WRK.format("Socket errors: connect 0, read 1, write 0, timeout 0\n  "))
        with self.assertRaises(machine.BenchError):
            load.parse_wrk("unable to connect")
        self.assertEqual(load.parse_wrk(self.WRK.format("Socket errors: connect 0, read 1, write 0, timeout 0\n  "), refusals=True)[0], 1000)

    def test_pgbench(self):
        out = "number of transactions actually processed: 30\nlatency average = 0.200 ms\ntps = 15.5 (without initial connection time)\n"
        self.assertEqual(load.parse_pgbench(out), (30, 15.5, 0.2))

    def test_each_script_of_pgbench_has_its_own_parameters(self):
        self.assertEqual(load.named("select :vector::vector, ':x'", 3), "select :vector_3::vector, ':x_3'")

    def test_stat_with_a_hostile_name(self):
        line = "7 (a) b (c) S " + " ".join(str(n) for n in range(4, 18))
        found = machine.parse_stat(line, with_children=False)
        self.assertEqual((found.user, found.system), (14 / machine.TICK, 15 / machine.TICK))
        self.assertAlmostEqual(machine.parse_stat(line, with_children=True).user, (14 + 16) / machine.TICK)

    def test_metrics(self):
        text = '# HELP x y\nwardgraph_jobs{state="dead"} 3\nup 1.5e3\n'
        self.assertEqual(server.parse_metrics(text), {'wardgraph_jobs{state="dead"}': 3, "up": 1500})

    def test_a_synset_without_its_sentences(self):
        line = '00001740 03 n 02 entity 0 big_thing 1 001 ~ 00001930 n 0000 | that which is; "it is an entity"; "so there"'
        self.assertEqual(quality.parse_synset("noun", line), ("noun00001740", "entity, big thing: that which is"))

    def test_the_sample_asks_for_what_it_loads_and_names_nothing_twice(self):
        documents, questions = quality.sample()
        self.assertEqual(len(questions), 500)
        self.assertEqual(len(documents), len(set(documents)))
        self.assertLessEqual({name for _, name in questions}, set(documents))

    def test_sections_are_chosen_by_name(self):
        self.assertEqual(chosen("search,quality"), ["search", "quality"])
        with redirect_stderr(io.StringIO()), self.assertRaises(Exception):
            chosen("serach")

    def test_the_baseline_reads_the_columns_that_the_server_reads(self):
        self.assertIn(f'"{requests.COLUMNS}"', (machine.ROOT / "crates/graph/src/node.rs").read_text())

    def test_every_section_can_be_measured(self):
        from importlib import import_module

        for name in SECTIONS:
            module = import_module(f"bench.sections.{name}")
            self.assertTrue(callable(module.measure) and module.TITLE)


class Report(unittest.TestCase):
    def test_verdicts(self):
        some = stats.Spread.of([0.4, 0.5, 0.6])
        self.assertTrue(report.at_least("x", some, 0.5).met)
        self.assertFalse(report.at_least("x", some, 0.51).met)
        self.assertTrue(report.at_most("x", some, 0.5).met)
        self.assertFalse(report.at_most("x", some, 0.49).met)

    def test_two_runs(self):
        verdict = lambda what, measured: report.Verdict(what, "", measured, None)
        before = agreement.told(report.verdicts_table([verdict("a (193)", "0.70 (0.69 to 0.75)"), verdict("b", "1,200 (1,100 to 1,300)"), verdict("c", "3 MB; 4 MB")]))
        self.assertEqual(sorted(before), [("a", 0), ("b", 0)])
        self.assertIn("1 of 1 numbers agree", agreement.compared(before, [verdict("a (194)", "0.80 (0.75 to 0.82)"), verdict("c", "3 MB; 4 MB")]))
        apart = agreement.compared(before, [verdict("b", "1,400 (1,301 to 1,500)")])
        self.assertIn("0 of 1 numbers agree", apart)
        self.assertIn("| b | 1200 (1100 to 1300) | 1,400 (1,301 to 1,500) |", apart)

    def test_what_is_missed_or_not_measured_stands_at_the_top(self):
        good = report.Section("Good", verdicts=[report.Verdict("a", "1", "1", True), report.reported("b", "2")])
        bad = report.Section("Bad", verdicts=[report.Verdict("c", "1", "0", False)])
        broken = report.Section("Broken", fault="it fell over")
        text = report.whole([good, bad, broken], "About.")
        head = text[: text.index("## Good")]
        self.assertIn("1 of 2 verdicts met. Not measured: Broken.", head)
        self.assertIn("| c | 1 | 0 | **missed** |", head)
        self.assertNotIn("| a |", head)


if __name__ == "__main__":
    unittest.main()
