//! Lists of more than one page, told to their end.

use std::collections::BTreeSet;

use super::Beside;

/// More than a page.
const MANY: usize = 1_001;

#[tokio::test]
async fn lists_are_told_to_their_end_however_many_pages_they_have() {
    let beside = Beside::begin().await;
    let org = beside.org();
    let sql = format!(
        "insert into wardgraph.users (user_id, email, name, verified_at, created_at, updated_at)
         select gen_random_uuid(), 'p' || n || '@pages.example', 'P', now(), now(), now() from generate_series(1, {MANY}) n;
         insert into wardgraph.memberships (organization_id, user_id, role, created_at)
         select '{org}', user_id, 'analyst', now() from wardgraph.users where email like '%@pages.example';
         insert into wardgraph.grants (tenant_id, grant_id, user_id, role, granted_by, created_at)
         select '{org}', gen_random_uuid(), user_id, 'developer', 'operator', now() from wardgraph.users where email like '%@pages.example'"
    );
    beside.app.database.behind_the_scenes().await.batch_execute(&sql).await.unwrap();
    for (arguments, name, id, others) in [
        (&["role", "grants", "--organization", org][..], "grants", "id", 0),
        (&["org", "members", org], "members", "user_id", 1),
        (&["user", "list"], "users", "id", 1),
    ] {
        let told = beside.json(arguments);
        let ids: BTreeSet<_> = told[name].as_array().unwrap().iter().map(|one| one[id].as_str().unwrap()).collect();
        assert_eq!((ids.len(), &told["count"]), (MANY + others, &(MANY + others).into()), "{arguments:?}");
        let lines = beside.told(arguments);
        assert_eq!(lines.lines().count(), MANY + others + 1, "{arguments:?}");
        assert_eq!(
            lines.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase())).count(),
            1,
            "one head"
        );
    }
    let item = beside.json(&[
        "org",
        "review",
        "begin",
        org,
        "--name",
        "all",
        "--due-at",
        "2099-01-01T00:00:00Z",
        "--on-due",
        "keep",
        "--by",
        &beside.ada.id,
    ]);
    let items = beside.json(&["org", "review", "items", org, item["id"].as_str().unwrap()]);
    assert_eq!((&items["count"], &item["items"]), (&(2 * MANY + 1).into(), &(2 * MANY + 1).into()));
}
