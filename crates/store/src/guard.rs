//! The refusal to start where something could leak: what row-level security rests on, asked of the catalogue.

use tokio_postgres::Client;

use crate::{Logins, Role, StoreError};

/// What the guard found. An empty list of leaks lets the server start.
#[derive(Debug, Default)]
pub struct Findings {
    /// Each one a sentence that says what is wrong; any of them keeps the server from starting.
    pub leaks: Vec<String>,
    /// Whether full text and containment may use their indexes under row-level security (their operators are leakproof).
    pub leakproof_operators: bool,
}

/// Tables that are not a tenant's, each with the reason why.
pub const GLOBAL_TABLES: &[(&str, &str)] = &[
    ("migrations", "the ledger of the schema: the owner's alone"),
    ("vector_spaces", "how each tenant is searched is kept for all tenants at once; holds counts and no content"),
    ("jobs", "due work of all tenants is found by one index; holds no content, and has policies of its own"),
    ("embedding_tenants", "which model a tenant's vectors are of, asked across tenants after a change; holds no content"),
    ("issuer_tenants", "which issuer may speak for a tenant is asked before anyone is known; holds no content"),
    ("issuer_hours", "how many new tenants each issuer brought, which is no tenant's"),
    ("master_keys", "which master key wraps data keys now, which is no tenant's; holds a name and no key"),
    (
        "data_keys",
        "wrapped anew for all tenants at once when the master key changes; a tenant sees its own alone, and no shared ones",
    ),
    ("changes", "every server learns of all tenants' revocations at once; holds ids and no content"),
    ("signing_keys", "the server's own, sealed: only the worker's role sees them"),
    ("users", "a person may be in several organizations; sees the own row, and who reads members sees theirs"),
    ("passwords", "a person's, as the account is"),
    ("organizations", "they are the tenants; one sees its own row alone"),
    (
        "memberships",
        "who is in which organization is asked before anyone is known; a person sees the own rows, and who reads members sees theirs",
    ),
    ("sessions", "a person's, as the account is"),
    ("clients", "looked up before anyone is known; who sees to an organization's sees those alone"),
    ("client_secrets", "a client's, looked up with it before anyone is known"),
    ("client_acts", "who did something with a client: a person's, as the account is"),
    ("initial_tokens", "used by a program that is no client yet; who sees to an organization's clients sees those alone"),
    ("api_keys", "looked up before anyone is known; a person sees the own rows alone"),
    ("passkeys", "looked up before anyone is known; a person sees the own rows alone"),
    ("attempts", "failed sign-ins, under a keyed hash of an address that nobody need have"),
    ("links", "mailed links are used by whoever is not known yet"),
    ("mail_counts", "how often strangers had something mailed, under a keyed hash of an address that nobody need have"),
    ("invitations", "looked up before anyone is known; an organization sees its own, and a person those to the own address"),
    ("setup_links", "the server's own: by one whoever runs it makes its first administrator, before anyone is known"),
    ("factors", "a person's, as the account is"),
    ("recovery_codes", "a person's, as the account is"),
    ("challenges", "acts under way are ended by whoever is not known yet"),
    ("mail", "what is due to be mailed is found across accounts, by the worker alone"),
    ("identity_secrets", "the server's own, sealed: only the worker's role sees them"),
    ("pushed_requests", "a client's request waits for whoever is not known yet"),
    ("authorization_codes", "used by a client whose person is not there"),
    ("consents", "a person's, as the account is"),
    ("logouts", "which clients are to be told of an end is found across accounts, by the worker alone; holds ids"),
    ("device_authorizations", "asked for by a device whose person is not known yet"),
    ("device_guesses", "wrong codes are counted across accounts; holds names of networks and accounts"),
    ("used_ids", "proofs and assertions are used before anyone is known; holds hashes"),
    ("notice_counts", "how often an account was told of something lately: a person's, as the account is"),
    ("embedding_servers", "which model each server uses, which is no tenant's"),
];

/// The read policy, as Postgres prints it.
const READ: &str = "((tenant_id = NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text)) OR ((tenant_id = '*'::text) AND (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text) IS NOT NULL)))";
/// The same for vectors, as one comparison, which an index makes once where the other is made for each row.
const READ_VECTORS: &str = "(tenant_id = ANY (ARRAY[NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text),\nCASE\n    WHEN (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text) IS NOT NULL) THEN '*'::text\n    ELSE NULL::text\nEND]))";
/// The write policy, as Postgres prints it.
const OWN: &str =
    "((tenant_id = NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text)) AND (tenant_id <> '*'::text))";
/// The worker's policy on the one column of nodes that it moves.
const STATUS: &str = "(tenant_id = NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))";

/// The policy on a person's own rows.
const ACCOUNT: &str = "(user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)";
/// The policy on the organization that a person works in.
const ORGANIZATION: &str = "(organization_id = NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))";
/// The policy on the organizations that a person is in.
const OWN_ORGANIZATIONS: &str = "(organization_id IN ( SELECT memberships.organization_id\n   FROM memberships\n  WHERE (memberships.user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)))";
/// The policies on who is in the organization that the gate names.
const MEMBERS: &str = "(organization_id = NULLIF(current_setting('app.current_members_of'::text, true), ''::text))";
const MEMBERS_ACCOUNTS: &str = "(user_id IN ( SELECT m.user_id\n   FROM memberships m\n  WHERE (m.organization_id = NULLIF(current_setting('app.current_members_of'::text, true), ''::text))))";
/// The policy on what is changed of an organization's members.
const KEPT: &str = "(organization_id = NULLIF(current_setting('app.current_keeper_of'::text, true), ''::text))";
/// The policy on who is the first member of an organization.
const FOUNDER: &str = "((role = 'owner'::text) AND (EXISTS ( SELECT\n   FROM organizations o\n  WHERE ((o.organization_id = memberships.organization_id) AND (o.owner_id = memberships.user_id) AND (o.created_at = memberships.created_at)))))";
/// The policy on messages to a person's own address.
const NOTICE: &str = "((link_id IS NULL) AND (recipient = ( SELECT users.email\n   FROM users\n  WHERE (users.user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))))";

/// The policy on messages of administrators: none opens anything.
const UNLINKED: &str = "(link_id IS NULL)";
/// The policy on invitations to a person's own address.
const INVITED: &str = "(email = ( SELECT u.email\n   FROM users u\n  WHERE (u.user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)))";
/// The policy on messages to whoever is invited.
const INVITATION: &str = "((kind = 'invitation'::text) AND (EXISTS ( SELECT\n   FROM invitations i\n  WHERE ((i.invitation_id = mail.link_id) AND (i.email = mail.recipient) AND (i.organization_id = NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))))))";
/// The policy on who becomes a member by an invitation.
const INVITED_MEMBER: &str = "(EXISTS ( SELECT\n   FROM ((invitations i\n     JOIN users u ON (((u.user_id = memberships.user_id) AND (u.email = i.email))))\n     JOIN memberships h ON (((h.organization_id = i.organization_id) AND (h.user_id = i.inviter_id))))\n  WHERE ((i.organization_id = memberships.organization_id) AND ((memberships.role IS NULL) OR (memberships.role = i.role)) AND (i.withdrawn_at IS NULL) AND (i.expires_at > memberships.created_at) AND (i.used_at = memberships.created_at))))";
/// The policy on who is granted a role by an invitation.
const INVITED_HOLDER: &str = "(EXISTS ( SELECT\n   FROM ((invitations i\n     JOIN users u ON (((u.user_id = grants.user_id) AND (u.email = i.email))))\n     JOIN memberships m ON (((m.organization_id = i.organization_id) AND (m.user_id = u.user_id))))\n  WHERE ((i.organization_id = grants.tenant_id) AND (i.role = grants.role) AND (i.withdrawn_at IS NULL) AND (i.expires_at > grants.created_at) AND (i.used_at = grants.created_at) AND (m.created_at = grants.created_at) AND (m.role IS NULL) AND (grants.granted_by = ('user/'::text || i.inviter_id)))))";

/// A question to the catalogue: each row that comes back is a leak, told in its first column.
const QUESTIONS: &[&str] = &[
    // Roles that could see past the policies.
    "select format('the role %s is a superuser or may bypass row-level security', rolname) from pg_roles
     where rolname = any($1::text[]) and (rolsuper or rolbypassrls)",
    "select format('the role %s may create roles, databases or replicas', rolname) from pg_roles
     where rolname = any($1::text[]) and (rolcreaterole or rolcreatedb or rolreplication)",
    "select format('the role %s is a member of %s', m.rolname, r.rolname) from pg_auth_members a
     join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid where m.rolname = any($1::text[])",
    "select format('the runtime role %s owns %s', r.rolname, c.oid::regclass) from pg_class c join pg_roles r on r.oid = c.relowner
     where r.rolname = any($1::text[]) and r.rolname <> 'wardgraph_owner'",
    "select format('the runtime role %s may create in schema %s', r, n.nspname) from pg_namespace n, unnest($1::text[]) r
     where n.nspname in ('wardgraph', 'public') and r <> 'wardgraph_owner' and has_schema_privilege(r, n.oid, 'create')",
    // Tables that the policies do not cover.
    "select format('%s lacks forced row-level security', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'wardgraph' and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity) and $1::text[] is not null",
    "select format('%s is a %s, which could show rows past the policies', c.oid::regclass, c.relkind) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'wardgraph' and c.relkind in ('v', 'm', 'f') and $1::text[] is not null",
    "select format('the partition %s is granted to %s', c.oid::regclass, r) from pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest($1::text[]) r
     where n.nspname = 'wardgraph' and c.relispartition and c.relkind = 'r' and r <> 'wardgraph_owner'
       and (has_any_column_privilege(r, c.oid, 'select, insert, update, references') or has_table_privilege(r, c.oid, 'delete, truncate, trigger'))",
    // What row-level security does not look at.
    "select format('%s may truncate %s or hang triggers on it', r, c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest($1::text[]) r
     where n.nspname = 'wardgraph' and c.relkind in ('r', 'p') and r <> 'wardgraph_owner' and has_table_privilege(r, c.oid, 'truncate, trigger')",
    "select format('%s may change the audit log', r) from unnest($1::text[]) r, to_regclass('wardgraph.events') e
     where r <> 'wardgraph_owner' and (has_any_column_privilege(r, e, 'update') or has_table_privilege(r, e, 'delete, truncate'))",
    "select format('the function %s runs with its owner''s rights', p.oid::regprocedure) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where n.nspname = 'wardgraph' and p.prosecdef and $1::text[] is not null",
    "select format('%s has a tenant_id that may be null', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attnotnull
     where n.nspname = 'wardgraph' and c.relkind in ('r', 'p') and $1::text[] is not null",
    "select format('%s is granted to everyone', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) g
     where n.nspname = 'wardgraph' and g.grantee = 0 and $1::text[] is not null",
    "select format('%s is granted to everyone', c.oid::regclass) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) g where n.nspname = 'wardgraph' and g.grantee = 0 and $1::text[] is not null",
];

/// Asks the catalogue everything. `client` may be any role: the catalogue is open to all.
pub async fn examine(client: &Client) -> Result<Findings, StoreError> {
    let roles: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    let mut findings = Findings::default();
    for question in QUESTIONS {
        for row in client.query(*question, &[&roles]).await? {
            findings.leaks.push(row.try_get(0)?);
        }
    }
    findings.leaks.extend(policies(client).await?);
    let leakproof = "select bool_and(proleakproof) from pg_proc where oid = any(array['ts_match_vq(tsvector, tsquery)'::regprocedure, 'jsonb_contains(jsonb, jsonb)'::regprocedure, 'arrayoverlap(anyarray, anyarray)'::regprocedure, to_regprocedure('wardgraph.word_keys(text, tsvector)'), to_regprocedure('wardgraph.doc_of(text, jsonb)')])";
    findings.leakproof_operators = client.query_one(leakproof, &[]).await?.try_get(0)?;
    Ok(findings)
}

/// Every tenant table has the canonical policies, to the letter; no table has another one, and no partition has any.
async fn policies(client: &Client) -> Result<Vec<String>, StoreError> {
    let rows = client
        .query(
            "select c.relname::text, c.relispartition, p.polname::text, p.polcmd::text, coalesce(pg_get_expr(p.polqual, c.oid), ''), coalesce(pg_get_expr(p.polwithcheck, c.oid), ''),
                    array(select coalesce(r.rolname, 'public')::text from unnest(p.polroles) o left join pg_roles r on r.oid = o)
             from pg_class c join pg_namespace n on n.oid = c.relnamespace
             left join pg_policy p on p.polrelid = c.oid
             where n.nspname = 'wardgraph' and c.relkind in ('r', 'p')
             order by 1, 3",
            &[],
        )
        .await?;
    let mut leaks = Vec::new();
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for row in rows {
        let (table, partition): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
        let tenants = !partition && GLOBAL_TABLES.iter().all(|(name, _)| *name != table);
        if tenants {
            seen.entry(table.clone()).or_default();
        }
        let Some(name) = row.try_get::<_, Option<String>>(2)? else { continue };
        let (command, using, check): (String, String, String) = (row.try_get(3)?, row.try_get(4)?, row.try_get(5)?);
        let roles: Vec<String> = row.try_get(6)?;
        // A table that a policy asks is named with its schema where that is not in the asking session's path.
        let (using, check) = (using.replace("wardgraph.", ""), check.replace("wardgraph.", ""));
        let text = (name.as_str(), command.as_str(), using.as_str(), check.as_str());
        let of_others = || of_sign_ins_elsewhere(&table, text).or_else(|| of_who_keeps(&table, text));
        let of_none = || of_others().or_else(|| of_who_is_not_known(&table, text)).or_else(|| of_a_global_table(&table, text));
        let expected = if tenants { of_a_tenant(&table, text) } else { of_none() };
        match expected {
            Some(allowed) if !partition && roles.iter().all(|role| allowed.contains(&role.as_str())) => {
                *seen.entry(table).or_default() += usize::from(name.starts_with("tenant_"));
            }
            _ => leaks.push(format!("the policy `{name}` on {table} is not one of the canonical ones")),
        }
    }
    let lacking =
        seen.iter().filter(|(table, canonical)| **canonical != 4 && GLOBAL_TABLES.iter().all(|(name, _)| name != table));
    leaks.extend(lacking.map(|(table, _)| format!("{table} lacks one of the four canonical policies")));
    Ok(leaks)
}

/// Name, command, `using` and `with check` of a policy.
type PolicyText<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Whom a policy of a tenant table may let in; `None` for one that is not canonical.
fn of_a_tenant(table: &str, text: PolicyText<'_>) -> Option<&'static [&'static str]> {
    match text {
        ("tenant_read", "r", using, "") if using == if table == "embeddings" { READ_VECTORS } else { READ } => {
            Some(&["wardgraph_app", "wardgraph_worker"])
        }
        ("tenant_insert", "a", "", OWN) | ("tenant_update", "w", OWN, OWN) | ("tenant_delete", "d", OWN, "") => {
            Some(&["wardgraph_app", "wardgraph_worker", "wardgraph_identity"])
        }
        ("identity", "r", "true", "") if matches!(table, "roles" | "grants") => Some(&["wardgraph_identity"]),
        ("used", "w", "true", "true") if table == "grants" => Some(&["wardgraph_identity"]),
        ("invited", "a", "", INVITED_HOLDER) if table == "grants" => Some(&["wardgraph_admin", "wardgraph_identity"]),
        ("worker_status", "w", STATUS, STATUS) if table == "nodes" => Some(&["wardgraph_worker"]),
        ("administrator", "r", "true", "") if table == "grants" => Some(&["wardgraph_admin"]),
        ("administrator", "*", "true", "true") if table != "grants" => Some(&["wardgraph_admin"]),
        _ => None,
    }
}

/// The same for people's sign-ins elsewhere: on devices, and at clients, of which some are told when these end.
fn of_sign_ins_elsewhere(table: &str, text: PolicyText<'_>) -> Option<&'static [&'static str]> {
    match (table, text) {
        ("device_authorizations" | "device_guesses" | "logouts", ("keeper", "*", "true", "true")) => Some(&["wardgraph_worker"]),
        ("device_authorizations" | "device_guesses" | "logouts" | "client_acts", ("identity", "*", "true", "true")) => {
            Some(&["wardgraph_identity"])
        }
        ("device_authorizations" | "logouts", ("administrator", "*", "true", "true"))
        | ("clients", ("administrator", "r", "true", "")) => Some(&["wardgraph_admin"]),
        ("device_authorizations" | "logouts" | "client_acts", ("own_account", "*", ACCOUNT, ACCOUNT)) => Some(&["wardgraph_app"]),
        _ => None,
    }
}

/// The same for who sees to an organization, and for what is left of one.
fn of_who_keeps(table: &str, text: PolicyText<'_>) -> Option<&'static [&'static str]> {
    match (table, text) {
        ("memberships" | "sessions" | "api_keys", ("kept_update", "w", KEPT, KEPT))
        | ("api_keys" | "consents" | "authorization_codes" | "device_authorizations", ("kept_select", "r", KEPT, ""))
        | ("memberships" | "consents" | "authorization_codes" | "device_authorizations", ("kept_delete", "d", KEPT, ""))
        | ("organizations", ("kept_update", "w", ORGANIZATION, KEPT))
        | ("logouts", ("kept_insert", "a", "", KEPT)) => Some(&["wardgraph_app"]),
        ("memberships", ("founder", "a", "", FOUNDER)) | ("data_keys", ("administrator", "*", "true", "true")) => {
            Some(&["wardgraph_admin"])
        }
        _ => None,
    }
}

/// The same for what is looked up before anyone is known.
fn of_who_is_not_known(table: &str, text: PolicyText<'_>) -> Option<&'static [&'static str]> {
    match (table, text) {
        (
            "issuer_tenants"
            | "issuer_hours"
            | "users"
            | "passwords"
            | "memberships"
            | "sessions"
            | "api_keys"
            | "organizations"
            | "attempts"
            | "links"
            | "mail"
            | "mail_counts"
            | "factors"
            | "recovery_codes"
            | "challenges"
            | "passkeys"
            | "invitations"
            | "setup_links"
            | "clients"
            | "client_secrets"
            | "initial_tokens"
            | "pushed_requests"
            | "authorization_codes"
            | "consents"
            | "used_ids"
            | "notice_counts",
            ("identity", "*", "true", "true"),
        ) => Some(&["wardgraph_identity"]),
        _ => None,
    }
}

/// The same for a table of [`GLOBAL_TABLES`].
fn of_a_global_table(table: &str, text: PolicyText<'_>) -> Option<&'static [&'static str]> {
    match (table, text) {
        ("jobs", ("own_read", "r", OWN, "") | ("own_update", "w", OWN, OWN) | ("own_delete", "d", OWN, "")) => {
            Some(&["wardgraph_app"])
        }
        ("jobs", ("queue", "*", "true", "true"))
        | (
            "vector_spaces"
            | "embedding_tenants"
            | "embedding_servers"
            | "master_keys"
            | "data_keys"
            | "changes"
            | "signing_keys"
            | "mail"
            | "mail_counts"
            | "links"
            | "challenges"
            | "attempts"
            | "sessions"
            | "identity_secrets"
            | "invitations"
            | "setup_links"
            | "pushed_requests"
            | "authorization_codes"
            | "used_ids"
            | "clients"
            | "api_keys",
            ("keeper", "*", "true", "true"),
        ) => Some(&["wardgraph_worker"]),
        ("master_keys", ("known", "r", "true", "")) | ("data_keys", ("own_read", "r", OWN, "")) => {
            Some(&["wardgraph_app", "wardgraph_identity"])
        }
        ("data_keys", ("own_insert", "a", "", OWN)) => Some(&["wardgraph_app", "wardgraph_identity"]),
        ("changes", ("own_insert", "a", "", OWN)) => Some(&["wardgraph_app", "wardgraph_identity", "wardgraph_admin"]),
        (
            "users"
            | "passwords"
            | "organizations"
            | "sessions"
            | "api_keys"
            | "factors"
            | "recovery_codes"
            | "notice_counts"
            | "jobs"
            | "vector_spaces"
            | "embedding_tenants"
            | "embedding_servers"
            | "issuer_tenants"
            | "issuer_hours"
            | "invitations"
            | "initial_tokens"
            | "consents"
            | "authorization_codes",
            ("administrator", "*", "true", "true"),
        )
        | ("memberships" | "links", ("administrator", "r", "true", ""))
        | ("memberships", ("invited", "a", "", INVITED_MEMBER))
        | ("mail", ("administrator", "a", "", UNLINKED)) => Some(&["wardgraph_admin"]),
        ("jobs", ("own_insert", "a", "", OWN))
        | (
            "users"
            | "passwords"
            | "sessions"
            | "api_keys"
            | "factors"
            | "recovery_codes"
            | "challenges"
            | "passkeys"
            | "consents"
            | "authorization_codes"
            | "notice_counts",
            ("own_account", "*", ACCOUNT, ACCOUNT),
        )
        | ("organizations", ("members_read", "r", OWN_ORGANIZATIONS, "") | ("own_account", "r", ORGANIZATION, ""))
        | ("memberships", ("own_account", "r", ACCOUNT, ""))
        | ("clients" | "client_secrets" | "initial_tokens", ("own_account", "*", ORGANIZATION, ORGANIZATION))
        | ("memberships" | "sessions" | "api_keys", ("members", "r", MEMBERS, ""))
        | ("users", ("members", "r", MEMBERS_ACCOUNTS, ""))
        | ("invitations", ("organization", "*", ORGANIZATION, ORGANIZATION) | ("invited", "r", INVITED, ""))
        | ("mail_counts", ("inviter", "*", "true", "true"))
        | ("mail", ("own_notice", "a", "", NOTICE) | ("invitation", "a", "", INVITATION)) => Some(&["wardgraph_app"]),
        ("migrations", ("ledger", "*", "true", "true")) => Some(&["wardgraph_owner"]),
        _ => None,
    }
}

/// Refuses unless nothing could leak: every serving role is who it should be, and the schema holds.
pub async fn check(logins: &Logins) -> Result<Findings, StoreError> {
    let mut found = None;
    for role in Role::SERVING {
        let Some(login) = logins.get(role) else { continue };
        let client = login.connect().await?;
        let row = client.query_one("select session_user::text, current_user::text, (select rolsuper or rolbypassrls from pg_roles where rolname = session_user)", &[]).await?;
        let (session, current, bypasses): (String, String, bool) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        if session != role.name() || current != role.name() {
            return Err(StoreError::Unsafe(format!(
                "the login for {} is `{session}`: it must be the role {} itself{}",
                role.word(),
                role.name(),
                if bypasses { ", and this one could bypass row-level security" } else { "" }
            )));
        }
        if found.is_none() {
            found = Some(examine(&client).await?);
        }
    }
    let findings = found.ok_or_else(|| StoreError::Unsafe("no serving role has a login".into()))?;
    if findings.leaks.is_empty() {
        Ok(findings)
    } else {
        Err(StoreError::Unsafe(format!("refusing to serve: {}", findings.leaks.join("; "))))
    }
}
