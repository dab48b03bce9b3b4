//! The statements of search: for each way to search, each route, with or without a filter and with or without weighting, one fixed text.
//!
//! The texts are put together once for the model in use, since an index of vectors needs its dimension in the text.
//!
//! All begin with `$1` tenant, `$2` how many results, `$3` octets of one answer, `$4` decay a day, `$5` weight of drift, `$6` now, `$7` how deep lists are.
//! What follows depends on the way to search:
//!
//! | way | `$8` | `$9` | `$10` | `$11` | `$12` |
//! |---|---|---|---|---|---|
//! | vector | model | vector | filter | | |
//! | text | text | filter | | | |
//! | hybrid | model | vector | text | how many places of a list count | filter |
//!
//! **Invariant:** the parts of a text together read every vector of the tenant, whatever its place is and whatever the route says: a route
//! that is out of date costs time and no results (`every_route_finds_what_exact_search_finds`).

use std::{
    collections::HashMap,
    sync::{Mutex, OnceLock, PoisonError},
};

use wardgraph_kernel::Read;
use wardgraph_store::{Role, Space, Statement, StatementInfo};

use super::Route;
use crate::filter::matching;

/// The ways to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Vector,
    Text,
    Hybrid,
}

/// What else a search asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asks {
    pub(super) filter: bool,
    pub(super) weighting: bool,
}

/// The statements of one way and route: in each pair the second has a filter, and the second pair weights.
type Pairs = [[Statement<Read>; 2]; 2];

/// Every statement of search for one model.
#[derive(Debug)]
pub struct Searches {
    space: Space,
    vector: ByRoute,
    hybrid: ByRoute,
    text: Pairs,
}

#[derive(Debug)]
struct ByRoute {
    exact: Pairs,
    graph: Pairs,
    own: Pairs,
}

impl Searches {
    /// The statements for the vectors of `space`. Made once for each space and kept: a server has a few models in its life.
    pub fn of(space: &Space) -> &'static Self {
        static MADE: OnceLock<Mutex<HashMap<(String, String), &'static Searches>>> = OnceLock::new();
        let mut made = MADE.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        made.entry((space.model().to_owned(), space.indexed_type())).or_insert_with(|| Box::leak(Box::new(Self::new(space))))
    }

    fn new(space: &Space) -> Self {
        let pairs = |way, route| {
            [false, true].map(|weighting| [false, true].map(|filter| statement(space, way, route, Asks { filter, weighting })))
        };
        let routes =
            |way| ByRoute { exact: pairs(way, Route::Exact), graph: pairs(way, Route::Graph), own: pairs(way, Route::Own) };
        Self {
            space: space.clone(),
            vector: routes(Way::Vector),
            hybrid: routes(Way::Hybrid),
            text: pairs(Way::Text, Route::Exact),
        }
    }

    /// What they search.
    pub const fn space(&self) -> &Space {
        &self.space
    }

    /// All of them.
    pub fn statements(&'static self) -> impl Iterator<Item = &'static StatementInfo> {
        let all = |routes: &'static ByRoute| [&routes.exact, &routes.graph, &routes.own];
        all(&self.vector).into_iter().chain(all(&self.hybrid)).chain([&self.text]).flatten().flatten().map(Statement::info)
    }

    pub(super) const fn choose(&self, way: Way, route: Route, asks: Asks) -> &Statement<Read> {
        let routes = match way {
            Way::Vector => Some(&self.vector),
            Way::Hybrid => Some(&self.hybrid),
            Way::Text => None,
        };
        let [plain, weighted] = match (routes, route) {
            (None, _) => &self.text,
            (Some(routes), Route::Exact) => &routes.exact,
            (Some(routes), Route::Graph) => &routes.graph,
            (Some(routes), Route::Own) => &routes.own,
        };
        let [all, some] = if asks.weighting { weighted } else { plain };
        if asks.filter { some } else { all }
    }
}

fn statement(space: &Space, way: Way, route: Route, asks: Asks) -> Statement<Read> {
    let (word, filter) = match way {
        Way::Vector => ("vector", concat!(" and ", matching!("n", "$10::jsonb"))),
        Way::Text => ("text", concat!(" and ", matching!("n", "$9::jsonb"))),
        Way::Hybrid => ("hybrid", concat!(" and ", matching!("n", "$12::jsonb"))),
    };
    let filter = if asks.filter { filter } else { "" };
    let ctes = match way {
        Way::Vector => meaning(space, route, filter) + FOUND_BY_MEANING,
        Way::Text => words("$8", filter) + FOUND_BY_WORDS,
        Way::Hybrid => meaning(space, route, filter) + ", " + &words("$10", filter) + &found_by_both(asks.weighting),
    };
    let (filtered, weighted) = (if asks.filter { ".filtered" } else { "" }, if asks.weighting { ".weighted" } else { "" });
    let name = format!("graph.search.{word}.{}{filtered}{weighted}", route.word());
    let text = if asks.weighting { format!("with found as (with {ctes}{BEST}){SHOWN}") } else { format!("with {ctes}{SHOWN}") };
    Statement::reading(name.leak(), &[Role::App], text.leak())
}

/// How many nodes a filter may let pass for them to be compared one by one, whatever the route: the index would bring many that it does not.
const FEW: usize = 5_000;

/// Said where single vectors are looked up by their keys. It holds of every vector, and to the planner three places are three ways down the index of
/// places (`embeddings_place`). Of a tenant that is younger than the statistics it takes it that each index brings one row, since the policy is a
/// condition of the index and tells it the tenant: it would take that of places, which is the smallest, and read all vectors for each.
const WHEREVER: &str = "e.graph = any('{0,1,2}')";

/// The nearest of some of the tenant's vectors, compared one by one; of those that are as near, the first by their ids. `$8` is the model, `$9` the vector.
fn exact(tenant: &str, place: &str, filter: &str) -> String {
    nearest("e.embedding <=> $9::vector, e.node_id", &format!("e.tenant_id = {tenant} and e.model = $8::text{place}"), filter)
}

/// The nearest of the vectors that `which` names, by a distance that an index may know. Where there is a filter each one's node is looked up by its
/// key.
fn nearest(order: &str, which: &str, filter: &str) -> String {
    let passes = if filter.is_empty() {
        String::new()
    } else {
        format!(
            " cross join lateral (select from nodes n where n.tenant_id = e.tenant_id and n.node_id = e.node_id{filter} offset 0) n"
        )
    };
    format!(
        "(select e.tenant_id, e.node_id, e.embedding <=> $9::vector as distance from embeddings e{passes}
         where {which} order by {order} limit $7::bigint)"
    )
}

/// The nearest of the tenant's nodes that a filter lets pass, compared one by one, each one's vector looked up by its key and by the node's own
/// tenant. Left to join them as it likes, the planner would read all vectors for each node of a tenant that is younger than the statistics.
fn nearest_of(filter: &str) -> String {
    format!(
        "(select v.tenant_id, v.node_id, v.embedding <=> $9::vector as distance from nodes n
         cross join lateral (
           select e.tenant_id, e.node_id, e.embedding from embeddings e
           where e.tenant_id = n.tenant_id and e.model = $8::text and e.node_id = n.node_id and {WHEREVER} offset 0) v
         where n.tenant_id = $1::text{filter} order by v.embedding <=> $9::vector, v.node_id limit $7::bigint)"
    )
}

/// The nearest by meaning: the tenant's, and the shared ones, compared one by one.
fn meaning(space: &Space, route: Route, filter: &str) -> String {
    let (before, parts) = match route {
        Route::Exact if filter.is_empty() => (String::new(), exact("$1::text", "", "")),
        Route::Exact => (String::new(), nearest_of(filter)),
        Route::Graph => indexed(space, " and e.graph = 1", " and e.graph = any('{0,2}')", filter),
        Route::Own => indexed(space, " and e.graph > 0", " and e.graph = 0", filter),
    };
    let shared = exact("'*'", "", filter);
    format!(
        "{before}meaning as materialized (
           select tenant_id, node_id, distance, row_number() over (order by distance, node_id) as place
           from (select * from ({parts} union all {shared}) part order by distance, node_id limit $7) whole)"
    )
}

/// What an index brings of what lies inside of it, and what lies outside, compared one by one. Where the index brings fewer than were asked for,
/// because rows of others or the filter stood in its way, everything is compared one by one; the condition on its count is decided once, so that
/// this costs nothing otherwise. Where a filter lets but a few pass it is not asked, and brings none.
fn indexed(space: &Space, inside: &str, outside: &str, filter: &str) -> (String, String) {
    let kind = space.indexed_type();
    // Single precision needs no cast of the query; half does.
    let order = format!("e.embedding::{kind} <=> $9::vector::{kind}");
    let which = format!("e.tenant_id = $1::text and e.model = {}{inside}", space.literal());
    let outside = exact("$1::text", outside, filter);
    if filter.is_empty() {
        let parts = format!(
            "select * from near where (select count(*) from near) >= $7
             union all select * from {} r where (select count(*) from near) < $7
             union all {outside}",
            exact("$1::text", inside, "")
        );
        return (format!("near as materialized {}, ", nearest(&order, &which, "")), parts);
    }
    let many = format!("{which} and (select count(*) from passed) > {FEW}");
    let before = format!(
        "passed as materialized (select from nodes n where n.tenant_id = $1::text{filter} limit {FEW} + 1),
         near as materialized {}, ",
        nearest(&order, &many, filter)
    );
    let parts = format!(
        "select * from near where (select count(*) from near) >= $7
         union all select * from {outside} o where (select count(*) from near) >= $7
         union all select * from {} r where (select count(*) from near) < $7",
        nearest_of(filter)
    );
    (before, parts)
}

const FOUND_BY_MEANING: &str = ", found as (
       select tenant_id, node_id, 1 - distance as similarity, place as meaning_place, null::bigint as words_place, null::float8 as rank,
         1 - distance as base from meaning)";

/// What a word weighs by where it stands: in a text, whose words have no label, in metadata (C), in a title (A). Nothing has the label B.
const WEIGHTS: &str = "'{0.4, 0.2, 0.4, 1}'";

/// The best by words, any of which may match: `a & b` as `a | b`. They are looked up by keys of the tenant's own and of the shared rows, so that
/// no posting of another tenant is read; a key is a hash, and what it brings is asked for the words themselves. What stands beside a text counts
/// where it matches, and takes nothing from the text's rank: how long it is matters then alone. Words that the parser hides stand there for a text,
/// and in what is asked beside those that it shows: first, since what it shows may end in a tag that is open.
fn words(text: &str, filter: &str) -> String {
    // In brackets it is read once: a plan for all values would make it for each row again.
    let query = "(select query from asked)";
    let asked = format!("hidden_words({text}::text) || ' ' || {text}::text");
    let keys = ["$1", "'*'"].map(|whose| format!("word_keys({whose}, to_tsvector('english', {asked}))")).join(" || ");
    let rank = |of: &str| format!("ts_rank({WEIGHTS}, {of}, {query}, 1)");
    let (of_text, of_all) = (rank("n.content_search"), rank("n.beside_search || n.content_search"));
    let best = format!("greatest({of_text}, case when n.beside_search @@ {query} then {of_all} end)");
    let matching = |column: &str, rank: &str| {
        format!(
            "select n.tenant_id, n.node_id, {rank}::float8 as rank from nodes n
             where n.tenant_id = any(array[$1, '*']) and word_keys(n.tenant_id, n.{column}) && ({keys}) and n.{column} @@ {query}{filter}"
        )
    };
    // Each by its own index: of both in one condition, the planner knows less.
    let (in_text, beside) = (matching("content_search", &best), matching("beside_search", &of_all));
    format!(
        "asked as materialized (
           select replace(plainto_tsquery('english', {asked})::text, ' & ', ' | ')::tsquery as query
         ), words as materialized (
           select tenant_id, node_id, rank, row_number() over (order by rank desc, node_id) as place
           from (select tenant_id, node_id, rank
                 from ({in_text} union all {beside} and not n.content_search @@ {query}) matched
                 order by rank desc, node_id limit $7::bigint) best)"
    )
}

const FOUND_BY_WORDS: &str = ", found as (
       select tenant_id, node_id, null::float8 as similarity, null::bigint as meaning_place, place as words_place, rank, rank as base from words)";

/// Reciprocal rank fusion. The first `$11` places of a list count, whatever else of it is weighed: a node that is not among them counts in that list as
/// if it stood one behind. One that is among them in neither counts in both as in the list that has it higher, so that it stays behind all that are
/// and the farther the deeper it is.
fn found_by_both(weighting: bool) -> String {
    // Age and drift put them in another order: then all are found.
    let most = if weighting { "$7::bigint * 2" } else { "$2::bigint" };
    let [own, shared] = ["$1::text", "'*'"].map(distance_of);
    format!(
        ", fused as (
       select tenant_id, node_id, m.distance, m.place as meaning_place, w.place as words_place, w.rank,
         (1.0 / (60 + least(m.place, b.behind)))::float8 + (1.0 / (60 + least(w.place, b.behind)))::float8 as base
       from meaning m full join words w using (tenant_id, node_id)
         cross join lateral (select greatest($11::bigint + 1, least(m.place, w.place)) as behind) b
       order by base desc, node_id limit {most}
     ), found as (
       select f.tenant_id, f.node_id, 1 - coalesce(f.distance, case f.tenant_id when '*' then {shared} else {own} end) as similarity,
         f.meaning_place, f.words_place, f.rank, f.base
       from fused f)"
    )
}

/// How far the vector of `f` is, if it has one, looked up by its key. The tenant is written out and not taken from `f`, for the planner to look at one
/// partition and its indexes instead of all.
fn distance_of(tenant: &str) -> String {
    format!(
        "(select e.embedding <=> $9::vector from embeddings e
           where e.tenant_id = {tenant} and e.model = $8::text and e.node_id = f.node_id and {WHEREVER})"
    )
}

/// How long ago the node `n` was last new, and how far it moved then.
macro_rules! aged {
    () => {
        "greatest(date_part('epoch', $6::timestamptz - coalesce(n.last_refreshed, n.created_at)) / 86400, 0) as age_days,
           coalesce(n.drift_score, 0) as drift"
    };
}

/// What age and drift of `n` make of the score of `f`. They weigh nothing where `$4` and `$5` are 0, and a score below 0 falls by what one above
/// it would lose; the exponent is bounded, since Postgres refuses what becomes too small for a number.
macro_rules! weighed {
    () => {
        "cross join lateral (
         select exp(greatest(-$4::float8 * n.age_days, -600)) * greatest(1 - $5::float8 * n.drift, 0) as left_over) w
       cross join lateral (select f.base * case when f.base < 0 then 2 - w.left_over else w.left_over end as score) s"
    };
}

/// The best of what was found once age and drift are weighed. Of all others no more than these two are read.
const BEST: &str = concat!(
    "
     select f.* from found f
       cross join lateral (
         select ",
    aged!(),
    "
         from nodes n where n.tenant_id = f.tenant_id and n.node_id = f.node_id offset 0) n
       ",
    weighed!(),
    "
     order by s.score desc, f.node_id limit $2::bigint"
);

/// What a result shows, of the found nodes that fit into one answer, and how many were found. Each node is looked up by its key, and `offset 0`
/// keeps the planner from weighing other ways, which took a tenth of what a search by an index costs.
const SHOWN: &str = concat!(
    "
     select node_id, tenant_id, external_id, classes, props, metadata, text, similarity, score, meaning_place, words_place, rank, age_days, drift, base, there
     from (
       select f.node_id, f.tenant_id, n.external_id, n.classes, n.props, n.metadata, n.text, f.similarity, s.score,
         f.meaning_place, f.words_place, f.rank, n.age_days, n.drift, f.base, count(*) over () as there,
         sum(n.size_bytes) over (order by s.score desc, f.node_id) - n.size_bytes as before
       from found f
       cross join lateral (
         select n.external_id, n.classes, n.props, n.metadata, left(coalesce(n.content, ''), 300) as text, n.size_bytes,
           ",
    aged!(),
    "
         from nodes n where n.tenant_id = f.tenant_id and n.node_id = f.node_id offset 0) n
       ",
    weighed!(),
    "
     ) shown where before <= $3::bigint order by score desc, node_id limit $2::bigint"
);
