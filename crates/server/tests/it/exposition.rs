//! `/metrics` as Prometheus reads it (text format 0.0.4), and how much of it there can be.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use wardgraph_api::table;
use wardgraph_kernel::metric::{self, Family, Kind};
use wardgraph_testkit::App;

/// A sample: its name, labels and value.
#[derive(Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// A family as it was told.
#[derive(Debug)]
struct Told {
    name: String,
    help: String,
    kind: String,
    samples: Vec<Sample>,
}

/// Reads the text format and nothing but it: each family once, with what it means and is before its samples.
fn read(text: &str) -> Vec<Told> {
    assert!(text.ends_with('\n') && !text.contains('\r'), "the last line does not end");
    let mut families: Vec<Told> = Vec::new();
    let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
    while let Some(line) = lines.next() {
        let (name, help) =
            line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')).unwrap_or_else(|| panic!("no HELP: {line}"));
        let line = lines.next().unwrap();
        let (typed, kind) =
            line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')).unwrap_or_else(|| panic!("no TYPE: {line}"));
        assert_eq!(typed, name, "its kind is another's");
        assert!(families.iter().all(|family| family.name != name), "{name} is told twice");
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            samples.push(sample(line));
        }
        assert!(!samples.is_empty(), "{name} has no sample");
        families.push(Told { name: name.into(), help: help.into(), kind: kind.into(), samples });
    }
    families
}

fn sample(line: &str) -> Sample {
    let (series, value) = line.rsplit_once(' ').unwrap();
    let value = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
    let Some((name, labels)) = series.strip_suffix('}').map(|series| series.split_once('{').unwrap()) else {
        return Sample { name: series.into(), labels: BTreeMap::new(), value };
    };
    let mut read = BTreeMap::new();
    for label in labels.split("\",") {
        let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{line}");
        let value = value.trim_end_matches('"');
        assert!(!value.contains(['"', '\\']), "the words that are values need no escapes: {line}");
        assert!(read.insert(name.to_owned(), value.to_owned()).is_none(), "a label is there twice: {line}");
    }
    Sample { name: name.into(), labels: read, value }
}

fn declared(name: &str) -> &'static Family {
    metric::ALL.iter().find(|family| family.name == name).unwrap_or_else(|| panic!("{name} is not declared"))
}

/// Checks that a family is told as it is declared, and that its series make sense.
fn check(told: &Told) {
    let family = declared(&told.name);
    assert_eq!((told.help.as_str(), told.kind.as_str()), (family.help(), family.kind.word()), "{}", told.name);
    let mut seen = BTreeSet::new();
    for sample in &told.samples {
        let mut labels: Vec<_> = sample.labels.keys().map(String::as_str).collect();
        labels.retain(|label| family.kind != Kind::Histogram || *label != "le");
        let mut wanted = family.labels.to_vec();
        wanted.sort_unstable();
        assert_eq!(labels, wanted, "{sample:?}");
        assert!(seen.insert((&sample.name, &sample.labels)), "a series is there twice: {sample:?}");
        assert!(sample.value.is_finite() && (sample.value >= 0.0), "{sample:?}");
        let suffix = sample.name.strip_prefix(&told.name).unwrap_or_else(|| panic!("{sample:?} is not of {}", told.name));
        let suffixes: &[_] = if family.kind == Kind::Histogram { &["_bucket", "_sum", "_count"] } else { &[""] };
        assert!(suffixes.contains(&suffix), "{sample:?}");
    }
    if family.kind == Kind::Histogram {
        buckets(told);
    }
}

/// The buckets of a series by their upper bounds, and its count.
type Buckets = (Vec<(f64, f64)>, Option<f64>);

/// Of each series the buckets grow, and the last one is the count.
fn buckets(told: &Told) {
    let mut series: BTreeMap<_, Buckets> = BTreeMap::new();
    for sample in &told.samples {
        let mut labels = sample.labels.clone();
        let bound = labels.remove("le").map(|bound| if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() });
        let of = series.entry(labels).or_default();
        match (bound, sample.name.ends_with("_count")) {
            (Some(bound), _) => of.0.push((bound, sample.value)),
            (None, true) => of.1 = Some(sample.value),
            (None, false) => {}
        }
    }
    for (labels, (buckets, count)) in series {
        let grow = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
        assert!(grow, "{} of {labels:?}: {buckets:?}", told.name);
        assert_eq!(buckets.last().copied(), count.map(|count| (f64::INFINITY, count)), "{} of {labels:?}", told.name);
    }
}

#[tokio::test]
async fn what_is_told_is_read_by_prometheus_and_means_what_is_declared() {
    let app = App::start().await;
    let owner = app.owner("tenant-a");
    owner.create_node("a text").await.created();
    owner.post("/search", &json!({ "query": "a text" })).await.ok();
    owner.get("/nodes/no-id").await.problem(400);
    let operator = app.operator("operator", &["system:read"]);
    let reply = operator.get("/metrics").await;
    assert!(reply.headers["content-type"].to_str().unwrap().starts_with("text/plain; version=0.0.4"), "{:?}", reply.headers);
    let families = read(&reply.text);
    families.iter().for_each(check);
    let of = |name: &str| families.iter().find(|family| family.name == name).unwrap_or_else(|| panic!("{name} is not told"));
    let asked = of("wardgraph_http_request_duration_seconds");
    let counts = |endpoint: &str, status: &str| {
        let is_it = |sample: &&Sample| {
            sample.name.ends_with("_count") && sample.labels["endpoint"] == endpoint && sample.labels["status"] == status
        };
        asked.samples.iter().find(is_it).map_or(0.0, |sample| sample.value)
    };
    assert!(counts("CreateNode", "2xx") >= 1.0 && counts("GetNode", "4xx") >= 1.0 && counts("Search", "2xx") >= 1.0, "{asked:?}");
    assert_eq!(of("wardgraph_build_info").samples[0].value, 1.0);
    assert!(!of("wardgraph_searches_total").samples.is_empty());
    // What never happened is 0, so that its first time is seen. Those that have labels come with their first value.
    for family in metric::ALL.iter().filter(|family| family.kind == Kind::Counter && family.labels.is_empty()) {
        assert_eq!(of(family.name).samples.len(), 1);
    }
}

/// Many tenants make no series: those there can be are counted by what is declared, and fit into a scrape.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scrape_is_as_long_with_many_tenants_as_with_one() {
    let app = App::start().await;
    for number in 0..40 {
        let owner = app.owner(&format!("scraped-tenant-{number}"));
        owner.create_node("a text").await.created();
        owner.post("/search", &json!({ "query": "a text" })).await.ok();
        owner.get(&format!("/nodes?external_id=scraped-name-{number}")).await.ok();
        owner.get(&format!("/scraped-path-{number}")).await.problem(404);
    }
    let text = app.operator("operator", &["system:read"]).get("/metrics").await.text;
    assert!(!text.contains("scraped-"), "{text}");
    let families = read(&text);
    let endpoints: BTreeSet<_> = table::rows().map(|row| row.spec.id).collect();
    for sample in families.iter().flat_map(|family| &family.samples) {
        for (label, value) in &sample.labels {
            match label.as_str() {
                "endpoint" => assert!(endpoints.contains(value.as_str()), "{sample:?}"),
                "status" => assert!(["2xx", "4xx", "5xx"].contains(&value.as_str()), "{sample:?}"),
                _ => {}
            }
        }
    }
    // All but the requests are a few words each; were every endpoint asked, with every outcome, this is what would be sent each time.
    let others: Vec<_> = families.iter().filter(|family| family.name != "wardgraph_http_request_duration_seconds").collect();
    assert!(others.iter().all(|family| family.samples.len() <= 100), "{others:?}");
    let longest = text.lines().filter(|line| !line.starts_with('#')).map(str::len).max().unwrap();
    let requests = endpoints.len() * 3 * 17 * longest;
    assert!(requests < 2 << 20, "a scrape may have {requests} octets");
}
