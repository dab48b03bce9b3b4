//! The time of an answer does not tell what was found: 200 tries a kind, each on another account, interleaved, their distributions compared.

use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use serde_json::json;
use wardgraph_identity::password::Cost;
use wardgraph_testkit::{App, AppOptions, PASSWORD};

use super::{login, register};

/// Tries of each kind.
const TRIES: usize = 200;
/// How far from a coin's toss the chance may be that a try of one kind takes longer than one of another: Mann-Whitney's U over the number of pairs,
/// whose standard deviation is 0.029 for two samples of 200 from one distribution. This is four of them.
const UNLIKE: f64 = 0.116;

/// The share of pairs in which the one takes longer, ties halved.
fn longer(one: &[u128], other: &[u128]) -> f64 {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| if a == b { 0.5 } else { f64::from(u8::from(a > b)) }));
    pairs.sum::<f64>() / (one.len() * other.len()) as f64
}

fn median(times: &[u128]) -> u128 {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() / 2]
}

/// Compares every kind with the first.
fn alike(what: &str, kinds: &[(&str, Vec<u128>)]) {
    let (first, times) = &kinds[0];
    for (kind, others) in &kinds[1..] {
        let share = longer(others, times);
        let told =
            format!("{what}: {} us for {kind}, {} us for {first}, longer in {share:.3} of pairs", median(others), median(times));
        tracing::info!("{told}");
        assert!((share - 0.5).abs() < UNLIKE, "{told}");
    }
}

/// A server whose answers go out on a beat, and many accounts of each kind.
async fn server(beat: Duration, kinds: &[&str]) -> App {
    let cost = Cost { memory_kib: 2_048, passes: 2 };
    let app = App::with(AppOptions { cost, verifies: true, beat, ..AppOptions::default() }).await;
    let all: Vec<_> = (0..TRIES).flat_map(|n| kinds.iter().map(move |kind| format!("{kind}-{n}@example.com"))).collect();
    for some in all.chunks(16) {
        let made = join_all(some.iter().map(async |email| register(&app, email).await.status)).await;
        assert!(made.iter().all(|status| *status == 202), "{made:?}");
    }
    let sql = "update wardgraph.users set verified_at = now() where email not like 'unverified-%';
               update wardgraph.users set disabled_at = now() where email like 'disabled-%'";
    app.database.behind_the_scenes().await.batch_execute(sql).await.unwrap();
    app
}

async fn took(request: impl Future<Output = wardgraph_testkit::Reply>, status: u16) -> u128 {
    let begun = Instant::now();
    let reply = request.await;
    assert_eq!(reply.status, status, "{:?}", reply.body);
    begun.elapsed().as_micros()
}

#[tokio::test]
async fn a_refused_sign_in_takes_as_long_whatever_is_wrong() {
    let app = server(Duration::ZERO, &["known", "unverified", "disabled", "locked"]).await;
    let mut kinds =
        ["a wrong password", "no account", "an unverified one", "a disabled one", "a locked one"].map(|kind| (kind, Vec::new()));
    for n in 0..TRIES {
        let locked = format!("locked-{n}@example.com");
        for _ in 0..5 {
            login(&app, &locked, "wrong").await.problem(401);
        }
        let tries = [
            (format!("known-{n}@example.com"), "wrong"),
            (format!("unknown-{n}@example.com"), PASSWORD),
            (format!("unverified-{n}@example.com"), PASSWORD),
            (format!("disabled-{n}@example.com"), PASSWORD),
            (locked, PASSWORD),
        ];
        // Each kind comes first as often as the others: what was done before must not count.
        for at in 0..tries.len() {
            let at = (at + n) % tries.len();
            kinds[at].1.push(took(login(&app, &tries[at].0, tries[at].1), 401).await);
        }
    }
    alike("sign-in", &kinds);
}

#[tokio::test]
async fn registering_and_asking_for_a_link_take_as_long_whoever_has_the_address() {
    let app = server(Duration::from_millis(50), &["known", "unverified", "disabled"]).await;
    let whose = ["nobody's", "an account's", "an unverified one's", "a disabled one's"];
    let (mut registered, mut asked) = (whose.map(|kind| (kind, Vec::new())), whose.map(|kind| (kind, Vec::new())));
    let address = |at: usize, n: usize, nobodys: &str| {
        let kind = [nobodys, "known", "unverified", "disabled"][at];
        format!("{kind}-{n}@example.com")
    };
    let reset = async |email: &str| app.stranger().post("/api/v1/auth/password-reset", &json!({ "email": email })).await;
    for n in 0..TRIES {
        for at in 0..whose.len() {
            let at = (at + n) % whose.len();
            // Two at once, of other accounts: each kind of the one beside each kind of the other as often.
            let (other, m) = ((at + n / whose.len()) % whose.len(), (n + TRIES / 2) % TRIES);
            let (for_link, for_account) = (address(at, n, "nobody"), address(other, m, "new"));
            let (one, two) = join(took(reset(&for_link), 202), took(register(&app, &for_account), 202)).await;
            asked[at].1.push(one);
            registered[other].1.push(two);
        }
    }
    alike("registration", &registered);
    alike("a link to set the password", &asked);
}
