//! Every writing request, cancelled at every await: nothing is written by halves, and no connection is left in a transaction.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    net::{IpAddr, Ipv4Addr},
    pin::pin,
    task::Poll,
    time::Duration,
};

use axum::body::Body;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_postgres::Client;
use wardgraph_api::{
    describe::Known,
    table::{Row, rows},
};
use wardgraph_testkit::{App, AppOptions, Caller, Content};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// More polls than any request takes.
const MOST: usize = 200;

/// What is about an account is not watched here: it stands in no tenant's tables, and has many a commit of its own before it.
fn writing() -> impl Iterator<Item = &'static Row> {
    let account = |row: &Row| row.spec.rows.are_peoples() || row.spec.access.admits_strangers();
    rows().filter(move |row| row.spec.event.is_some() && !account(row))
}

/// One connection: whatever a cancelled request leaves on it meets the next request.
async fn app() -> App {
    App::with(AppOptions { connections: 1, ..AppOptions::default() }).await
}

/// How many rows each table has won or lost, and how many events of each type were left.
fn change(before: &Content, after: &Content) -> BTreeMap<String, (usize, usize)> {
    assert!(before.len() >= 5, "{:?}", before.keys());
    let count = |(table, was): (&String, &BTreeSet<String>)| {
        let is = &after[table];
        (table.clone(), (was.difference(is).count(), is.difference(was).count()))
    };
    before.iter().map(count).collect()
}

/// Things of the tenant that the requests of the table are about; two nodes of which the worker has given up.
async fn data(app: &App, superuser: &Client, owner: &Caller, somebody: &Known) -> Known {
    let known = app.data(owner, somebody).await;
    let given_up = format!(
        "with failed as (
           update wardgraph.nodes set embedding_status = 'failed' where node_id in ('{}', '{}') returning tenant_id, node_id
         )
         insert into wardgraph.jobs (tenant_id, kind, subject_id, due_at, dead) select tenant_id, 'embed', node_id, now(), true from failed
         on conflict (tenant_id, kind, subject_id) do update set dead = true",
        known.other, known.shared
    );
    assert_eq!(superuser.execute(&given_up, &[]).await.unwrap(), 2);
    known
}

/// Waits until no connection of a serving role is in a transaction: within a second, or the test fails.
async fn settled(client: &Client) {
    let sql = "select coalesce(string_agg(state || ': ' || query, '; '), '') from pg_stat_activity
               where datname = current_database() and pid <> pg_backend_pid() and usename like 'wardgraph%' and state <> 'idle'";
    let mut busy = String::new();
    for _ in 0..500 {
        busy = client.query_one(sql, &[]).await.unwrap().get(0);
        if busy.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    panic!("a second later there is still {busy}");
}

fn path(row: &Row, known: &Known) -> String {
    (row.shape)().place(row.spec.path, known)
}

fn request(row: &Row, known: &Known, caller: &Caller) -> http::Request<Body> {
    let body = (row.sample)(known).map(|body| body.to_string()).unwrap_or_default();
    let token = caller.token_at(&path(row, known)).unwrap();
    let request = http::Request::builder().method(row.spec.method.word()).uri(path(row, known));
    request.header("authorization", format!("Bearer {token}")).body(Body::from(body)).unwrap()
}

/// Polls `work` until it is done or was polled `times` times, then drops it. Whether it was done.
async fn cancelled_after<F: Future>(times: usize, work: F) -> Option<F::Output> {
    let mut work = pin!(work);
    let mut polls = 0;
    poll_fn(|context| {
        polls += 1;
        match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls >= times => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

#[tokio::test]
async fn a_write_that_is_cancelled_at_any_await_is_done_whole_or_not_at_all() {
    let app = app().await;
    let superuser = app.database.watcher().await;
    let somebody = app.known(&app.owner("somebody")).await;
    let (mut undone, mut endpoints) = (0, 0);
    for row in writing() {
        let id = row.spec.id.to_lowercase();
        let whole = {
            let owner = app.owner(&format!("whole-{id}"));
            let known = data(&app, &superuser, &owner, &somebody).await;
            let before = app.database.content_of(&owner.tenant).await;
            let response = app.api.answer(ADDRESS, request(row, &known, &owner)).await;
            assert!(response.status().is_success(), "{id}: {}", response.status());
            change(&before, &app.database.content_of(&owner.tenant).await)
        };
        assert!(whole["events"].1 >= 2, "{id}: {whole:?}");
        let mut done = false;
        for polls in 1..=MOST {
            let owner = app.owner(&format!("cut-{id}-{polls}"));
            let known = data(&app, &superuser, &owner, &somebody).await;
            settled(&superuser).await;
            let before = app.database.content_of(&owner.tenant).await;
            done = cancelled_after(polls, app.api.answer(ADDRESS, request(row, &known, &owner))).await.is_some();
            settled(&superuser).await;
            let found = change(&before, &app.database.content_of(&owner.tenant).await);
            let nothing = found.values().all(|change| *change == (0, 0));
            assert!(nothing || found == whole, "{id} cut off after {polls} polls left {found:?}, not {whole:?}");
            assert!(!done || !nothing, "{id} was answered after {polls} polls and is not there");
            undone += usize::from(nothing);
            if done {
                break;
            }
        }
        assert!(done, "{id} was not done after {MOST} polls");
        endpoints += 1;
    }
    assert!(undone >= endpoints, "every endpoint was cut off before its commit at least once: {undone} of {endpoints}");
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_nothing_by_halves() {
    let app = app().await;
    let superuser = app.database.watcher().await;
    let somebody = app.known(&app.owner("somebody")).await;
    for row in writing() {
        for micros in [0_u64, 100, 300, 600, 1_000, 2_000, 4_000, 8_000] {
            let owner = app.owner(&format!("hang-{}-{micros}", row.spec.id.to_lowercase()));
            let known = data(&app, &superuser, &owner, &somebody).await;
            settled(&superuser).await;
            let before = app.database.content_of(&owner.tenant).await;
            let mut stream = TcpStream::connect(app.base.trim_start_matches("http://")).await.unwrap();
            let body = (row.sample)(&known).map(|body| body.to_string()).unwrap_or_default();
            let head = format!(
                "{} {} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
                row.spec.method.word(),
                path(row, &known),
                owner.token.clone().unwrap(),
                body.len(),
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_micros(micros)).await;
            let mut answered = [0; 12];
            let answer = tokio::time::timeout(Duration::ZERO, stream.read(&mut answered)).await;
            drop(stream);
            // The listener notices on its own time: the next request has to wait for the one connection anyway.
            assert!(!owner.events().await.is_empty());
            settled(&superuser).await;
            let found = change(&before, &app.database.content_of(&owner.tenant).await);
            let (nothing, left) = (found.values().all(|change| *change == (0, 0)), found["events"].1);
            assert!(nothing || left >= 2, "{} hung up on after {micros} us: {found:?}", row.spec.id);
            if matches!(answer, Ok(Ok(12))) && answered.starts_with(b"HTTP/1.1 2") {
                assert!(!nothing, "{} was answered and is not there", row.spec.id);
            }
        }
    }
}
