//! The migrated schema, asked for all that isolation rests on. Each question is also asked of a schema that was broken on purpose, so that
//! none of them is blind.

use std::collections::BTreeSet;

use tokio_postgres::Client;
use wardgraph_store::{Role, guard};
use wardgraph_testkit::Cluster;

/// Asks a question whose every row is a fault: there is none, and there is one after `breach`.
async fn holds(question: &str, breach: &str) {
    let database = Cluster::get().database().await;
    let client = database.behind_the_scenes().await;
    assert_eq!(sentences(&client, question).await, [""; 0]);
    // Rolled back: roles belong to the whole cluster, and other tests use them.
    client.batch_execute(&format!("begin; {breach}")).await.unwrap();
    assert_ne!(sentences(&client, question).await, [""; 0], "nothing is seen of `{breach}`");
    client.batch_execute("rollback").await.unwrap();
}

async fn sentences(client: &Client, question: &str) -> Vec<String> {
    client.query(question, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn names(roles: &[Role]) -> String {
    roles.iter().map(|role| format!("'{}'", role.name())).collect::<Vec<_>>().join(", ")
}

/// Plain and partitioned tables of the schema, as `c`.
const TABLES: &str = "from pg_class c where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('r', 'p')";

#[tokio::test]
async fn every_table_forces_row_level_security_partitions_included() {
    let question = format!("select c.relname::text {TABLES} and not (c.relrowsecurity and c.relforcerowsecurity)");
    holds(&question, "alter table wardgraph.nodes no force row level security").await;
    holds(&question, "alter table wardgraph.embeddings_p3 disable row level security").await;
    holds(&question, "create table wardgraph.forgotten (tenant_id text)").await;
}

#[tokio::test]
async fn the_policies_are_these_and_no_others() {
    let database = Cluster::get().database().await;
    let listed = sentences(
        &database.behind_the_scenes().await,
        "select concat_ws(' ', tablename, policyname, permissive, cmd, array_to_string(array(select replace(r::text, 'wardgraph_', '') from unnest(roles) r order by 1), '+'))
         from pg_policies where schemaname = 'wardgraph' order by 1",
    )
    .await;
    let mut expected = vec![
        "jobs administrator PERMISSIVE ALL admin".to_owned(),
        "embedding_tenants administrator PERMISSIVE ALL admin".into(),
        "embedding_tenants keeper PERMISSIVE ALL worker".into(),
        "embedding_servers administrator PERMISSIVE ALL admin".into(),
        "issuer_tenants administrator PERMISSIVE ALL admin".into(),
        "issuer_tenants identity PERMISSIVE ALL identity".into(),
        "issuer_hours administrator PERMISSIVE ALL admin".into(),
        "issuer_hours identity PERMISSIVE ALL identity".into(),
        "embedding_servers keeper PERMISSIVE ALL worker".into(),
        "master_keys keeper PERMISSIVE ALL worker".into(),
        "master_keys known PERMISSIVE SELECT app+identity".into(),
        "data_keys keeper PERMISSIVE ALL worker".into(),
        "data_keys own_read PERMISSIVE SELECT app+identity".into(),
        "data_keys own_insert PERMISSIVE INSERT app+identity".into(),
        "changes keeper PERMISSIVE ALL worker".into(),
        "changes own_insert PERMISSIVE INSERT admin+app+identity".into(),
        "signing_keys keeper PERMISSIVE ALL worker".into(),
        "jobs own_delete PERMISSIVE DELETE app".into(),
        "jobs own_insert PERMISSIVE INSERT app".into(),
        "jobs own_read PERMISSIVE SELECT app".into(),
        "jobs own_update PERMISSIVE UPDATE app".into(),
        "jobs queue PERMISSIVE ALL worker".into(),
        "vector_spaces administrator PERMISSIVE ALL admin".into(),
        "vector_spaces keeper PERMISSIVE ALL worker".into(),
        "migrations ledger PERMISSIVE ALL owner".into(),
        "nodes worker_status PERMISSIVE UPDATE worker".into(),
        "roles identity PERMISSIVE SELECT identity".into(),
        "grants identity PERMISSIVE SELECT identity".into(),
        "grants invited PERMISSIVE INSERT admin+identity".into(),
        "grants used PERMISSIVE UPDATE identity".into(),
    ];
    for (table, writers) in [
        ("nodes", "app"),
        ("edges", "app"),
        ("embeddings", "worker"),
        ("embedding_history", "worker"),
        ("events", "app+identity+worker"),
        ("idempotency", "app+worker"),
        ("idempotency_subjects", "app+worker"),
        ("node_versions", "app+worker"),
        ("deleted_nodes", "app+worker"),
        ("deleted_edges", "app+worker"),
        ("deleted_embeddings", "app+worker"),
        ("roles", "app"),
        ("grants", "app"),
        ("reviews", "app"),
        ("review_items", "app"),
        ("elevations", "app"),
    ] {
        let looks_on = if table == "grants" { "SELECT" } else { "ALL" };
        expected.push(format!("{table} administrator PERMISSIVE {looks_on} admin"));
        expected.push(format!("{table} tenant_read PERMISSIVE SELECT app+worker"));
        expected.extend(["insert", "update", "delete"].map(|act| {
            let deletes_too = if matches!(table, "embeddings" | "embedding_history") && act == "delete" { "app+" } else { "" };
            format!("{table} tenant_{act} PERMISSIVE {} {deletes_too}{writers}", act.to_uppercase())
        }));
    }
    expected.extend(crate::accounts::rights::policies());
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn a_table_is_a_tenants_or_stands_in_the_short_list_with_a_reason() {
    let database = Cluster::get().database().await;
    let question = format!(
        "select c.relname::text {TABLES} and not c.relispartition and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant_read')"
    );
    let global: BTreeSet<String> = sentences(&database.behind_the_scenes().await, &question).await.into_iter().collect();
    let listed: BTreeSet<String> = guard::GLOBAL_TABLES.iter().map(|(table, _)| (*table).to_owned()).collect();
    assert_eq!(global, listed);
    assert!(guard::GLOBAL_TABLES.iter().all(|(_, reason)| reason.len() > 20));
}

#[tokio::test]
async fn the_grants_are_these_and_no_others() {
    let database = Cluster::get().database().await;
    let listed = sentences(
        &database.behind_the_scenes().await,
        "select concat_ws(' ', c.relname, replace(g.grantee::regrole::text, 'wardgraph_', ''), string_agg(lower(g.privilege_type), '+' order by g.privilege_type))
         from pg_class c, aclexplode(c.relacl) g where c.relnamespace = 'wardgraph'::regnamespace and g.grantee <> c.relowner
         group by c.relname, g.grantee
         union all
         select concat_ws(' ', c.relname, a.attname, replace(g.grantee::regrole::text, 'wardgraph_', ''), lower(g.privilege_type))
         from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g where c.relnamespace = 'wardgraph'::regnamespace
         order by 1",
    )
    .await;
    let all = "delete+insert+select+update";
    let expected = [
        "master_keys app select".into(),
        "master_keys identity select".into(),
        format!("master_keys worker {all}"),
        "data_keys app insert+select".into(),
        "data_keys identity insert+select".into(),
        "data_keys worker insert+select".into(),
        "data_keys master_key_id worker update".into(),
        "data_keys wrapped worker update".into(),
        "changes admin insert".into(),
        "changes app insert".into(),
        "changes identity insert".into(),
        "changes worker delete+insert+select".into(),
        format!("signing_keys worker {all}"),
        format!("deleted_edges admin {all}"),
        "deleted_edges app delete+insert+select".into(),
        "deleted_edges worker delete+select".into(),
        format!("deleted_embeddings admin {all}"),
        format!("deleted_embeddings app {all}"),
        "deleted_embeddings worker delete+select".into(),
        format!("deleted_nodes admin {all}"),
        format!("deleted_nodes app {all}"),
        "deleted_nodes purge_at worker update".into(),
        "deleted_nodes worker delete+select".into(),
        format!("node_versions admin {all}"),
        "node_versions app delete+insert+select".into(),
        "node_versions worker delete+select".into(),
        format!("edges admin {all}"),
        format!("edges app {all}"),
        format!("embeddings admin {all}"),
        "embeddings app delete+select".into(),
        format!("embeddings worker {all}"),
        format!("embedding_history admin {all}"),
        "embedding_history app delete+select".into(),
        "embedding_history worker delete+insert+select".into(),
        format!("embedding_tenants admin {all}"),
        "embedding_tenants worker insert+select+update".into(),
        format!("embedding_servers admin {all}"),
        format!("embedding_servers worker {all}"),
        "events admin insert+select".into(),
        "events app insert+select".into(),
        "events identity insert".into(),
        "events worker insert+select".into(),
        "idempotency admin delete+insert+select".into(),
        "idempotency app delete+insert+select".into(),
        "idempotency worker delete+select".into(),
        "idempotency through admin update".into(),
        "idempotency through app update".into(),
        "idempotency_subjects admin delete+insert+select".into(),
        "idempotency_subjects app delete+insert+select".into(),
        "idempotency_subjects worker select".into(),
        format!("issuer_hours admin {all}"),
        "issuer_hours identity insert+select+update".into(),
        format!("issuer_tenants admin {all}"),
        "issuer_tenants identity insert+select".into(),
        format!("jobs admin {all}"),
        "jobs app delete+insert+select".into(),
        "jobs attempts app update".into(),
        "jobs dead app update".into(),
        "jobs due_at app update".into(),
        "jobs reworded app update".into(),
        format!("jobs worker {all}"),
        format!("nodes admin {all}"),
        format!("nodes app {all}"),
        "nodes drift_score worker update".into(),
        "nodes embedding_status worker update".into(),
        "nodes last_refreshed worker update".into(),
        "nodes worker select".into(),
        "reviews app insert+select+update".into(),
        "review_items app insert+select+update".into(),
        "elevations app select".into(),
        "elevations admin insert+select+update".into(),
        format!("vector_spaces admin {all}"),
        "vector_spaces worker delete+insert+select+update".into(),
        "roles admin select".into(),
        format!("roles app {all}"),
        "roles identity select".into(),
        "grants admin select".into(),
        format!("grants app {all}"),
        "grants identity select".into(),
        "grants last_used_at identity update".into(),
        "memberships last_used_at identity update".into(),
        "organizations grants_version app update".into(),
        "organizations grants_version identity update".into(),
        "organizations roles_version app update".into(),
    ];
    let of_who_is_invited = ["created_at", "grant_id", "granted_by", "role", "tenant_id", "user_id"]
        .map(|column| ["admin", "identity"].map(|role| format!("grants {column} {role} insert")));
    let withheld = ["body", "etag", "status"]
        .map(|column| ["admin", "app", "worker"].map(|role| format!("idempotency {column} {role} update")));
    let mut expected =
        [expected.to_vec(), of_who_is_invited.concat(), withheld.concat(), crate::accounts::rights::grants()].concat();
    expected.sort();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn nobody_is_granted_anything_on_a_partition() {
    let question = "select format('%s to %s', c.relname, g.grantee) from pg_class c, aclexplode(c.relacl) g
                    where c.relispartition and c.relnamespace = 'wardgraph'::regnamespace and g.grantee <> c.relowner
                    union all select format('%s.%s', c.relname, a.attname) from pg_class c join pg_attribute a on a.attrelid = c.oid
                    where c.relispartition and c.relnamespace = 'wardgraph'::regnamespace and a.attacl is not null";
    holds(question, "grant delete on wardgraph.embeddings_p0 to wardgraph_worker").await;
    holds(question, "grant select (node_id) on wardgraph.embeddings_p0 to wardgraph_app").await;
}

#[tokio::test]
async fn every_foreign_key_begins_an_index() {
    let question = "select conname::text from pg_constraint k where contype = 'f' and connamespace = 'wardgraph'::regnamespace and not exists (
                      select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
                        and (select array_agg(c order by c) from unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) c)
                          = (select array_agg(c order by c) from unnest(k.conkey) c))";
    holds(question, "drop index wardgraph.edges_dst_page, wardgraph.edges_dst_rel").await;
    holds(question, "drop index wardgraph.embeddings_node").await;
}

#[tokio::test]
async fn every_key_begins_with_the_tenant() {
    let question = "select format('%s of %s', i.indexrelid::regclass, i.indrelid::regclass) from pg_index i join pg_class c on c.oid = i.indrelid
                    join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
                    where c.relnamespace = 'wardgraph'::regnamespace and i.indisunique and i.indkey[0] <> a.attnum
                    union all select conname::text from pg_constraint k join pg_attribute a on a.attrelid = k.conrelid and a.attname = 'tenant_id'
                    where k.connamespace = 'wardgraph'::regnamespace and k.contype = 'f' and k.conkey[1] <> a.attnum";
    holds(question, "create unique index on wardgraph.nodes (external_id)").await;
    holds(question, "alter table wardgraph.nodes add unique (node_id); alter table wardgraph.edges add foreign key (src) references wardgraph.nodes (node_id)").await;
}

#[tokio::test]
async fn every_tenant_id_is_not_null() {
    let question = format!(
        "select c.relname::text {TABLES} and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attnotnull)"
    );
    holds(&question, "create table wardgraph.loose (tenant_id text, id uuid)").await;
}

#[tokio::test]
async fn every_time_knows_its_zone() {
    let question = format!(
        "select format('%s.%s', c.relname, a.attname) {} and a.atttypid in ('timestamp'::regtype, 'time'::regtype, 'timetz'::regtype)",
        TABLES.replace("where", "join pg_attribute a on a.attrelid = c.oid where")
    );
    holds(&question, "alter table wardgraph.jobs add seen timestamp").await;
}

#[tokio::test]
async fn no_role_can_become_another() {
    let question = format!(
        "select format('%s may be %s', a.rolname, b.rolname) from pg_roles a, pg_roles b
         where a.rolname in ({0}) and a.oid <> b.oid and (pg_has_role(a.oid, b.oid, 'member') or pg_has_role(a.oid, b.oid, 'set'))
         union all select format('%s is held by %s', r.rolname, m.rolname) from pg_auth_members x
         join pg_roles r on r.oid = x.roleid join pg_roles m on m.oid = x.member where m.rolname in ({0})",
        names(Role::ALL)
    );
    holds(&question, "grant wardgraph_admin to wardgraph_app").await;
    holds(&question, "grant pg_read_all_data to wardgraph_worker").await;
    holds(&question, "grant wardgraph_owner to wardgraph_identity with inherit false, set false, admin true").await;
}

#[tokio::test]
async fn no_role_has_rights_over_the_cluster() {
    let question = format!(
        "select rolname::text from pg_roles where rolname in ({}) and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or rolinherit)",
        names(Role::ALL)
    );
    for right in ["superuser", "bypassrls", "createrole", "createdb", "replication", "inherit"] {
        holds(&question, &format!("alter role wardgraph_app {right}")).await;
    }
}

#[tokio::test]
async fn serving_roles_own_nothing() {
    let question =
        format!("select format('%s owns %s', r.rolname, d.objid) from pg_shdepend d join pg_roles r on r.oid = d.refobjid
                 where d.deptype = 'o' and r.rolname in ({}) and d.dbid in (0, (select oid from pg_database where datname = current_database()))", names(Role::SERVING));
    holds(&question, "alter table wardgraph.edges owner to wardgraph_app").await;
    holds(&question, "create schema own authorization wardgraph_worker").await;
}

#[tokio::test]
async fn serving_roles_create_nothing() {
    let question = format!(
        "select format('%s in %s', r.rolname, n.nspname) from pg_roles r, pg_namespace n
         where r.rolname in ({}) and n.nspname not like 'pg_temp%' and n.nspname not like 'pg_toast%' and has_schema_privilege(r.oid, n.oid, 'create')",
        names(Role::SERVING)
    );
    holds(&question, "grant create on schema public to wardgraph_app").await;
}

#[tokio::test]
async fn nothing_in_the_schema_runs_with_another_roles_rights() {
    let question = "select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'wardgraph'::regnamespace and (p.prosecdef
                      or has_function_privilege('wardgraph_app', p.oid, 'execute') and p.oid not in ('wardgraph.word_keys(text, tsvector)'::regprocedure,
                        'wardgraph.doc_of(text, jsonb)'::regprocedure, 'wardgraph.words_beside(jsonb, jsonb, text)'::regprocedure, 'wardgraph.hidden_words(text)'::regprocedure))
                    union all select c.relname::text from pg_class c where c.relnamespace = 'wardgraph'::regnamespace and c.relkind in ('v', 'm', 'f')
                    union all select r.rulename::text from pg_rewrite r join pg_class c on c.oid = r.ev_class where c.relnamespace = 'wardgraph'::regnamespace
                    union all select t.tgname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid where c.relnamespace = 'wardgraph'::regnamespace and not t.tgisinternal
                      and not (c.relname = 'memberships' and t.tgname = 'announce_role' and t.tgfoid = to_regproc('wardgraph.announce_role'))
                      and not (c.relname = 'sessions' and t.tgname = 'queue_logout' and t.tgfoid = to_regproc('wardgraph.queue_logout'))";
    holds(question, "create function wardgraph.peek() returns int language sql security definer as 'select 1'").await;
    holds(question, "create view wardgraph.everyone as select node_id from wardgraph.nodes").await;
    // Two triggers there are, with the rights of whoever changes a role or ends a session: another one is a leak.
    holds(
        question,
        "create trigger announce_role before insert on wardgraph.users for each row execute function wardgraph.announce_role()",
    )
    .await;
}

#[tokio::test]
async fn the_owner_himself_sees_no_row() {
    let database = Cluster::get().database().await;
    plant(&database.behind_the_scenes().await, "tenant-a").await;
    let owner = database.connect_as(Role::Owner).await;
    for setting in ["", "tenant-a"] {
        owner.execute("select set_config('app.current_tenant_id', $1, false)", &[&setting]).await.unwrap();
        assert_eq!(sentences(&owner, "select node_id::text from wardgraph.nodes").await, [""; 0]);
    }
}

async fn plant(superuser: &Client, tenant: &str) {
    let sql = "insert into wardgraph.nodes (tenant_id, node_id, classes, props, metadata, refresh_policy, triggers, created_at, updated_at)
               values ($1, gen_random_uuid(), '{}', '{}', '{}', '{}', '[]', now(), now())";
    superuser.execute(sql, &[&tenant]).await.unwrap();
}

// Statements.
