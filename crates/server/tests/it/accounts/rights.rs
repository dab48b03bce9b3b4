//! What the roles may do with the tables of accounts: read by the catalogue's tests.

const PEOPLES: [&str; 7] = ["users", "passwords", "memberships", "sessions", "api_keys", "organizations", "passkeys"];

/// Table, policy, command and roles of every policy.
pub(crate) fn policies() -> Vec<String> {
    let mut policies = vec!["mail own_notice PERMISSIVE INSERT app".to_owned()];
    let peoples = PEOPLES.into_iter().map(|table| format!("{table} own_account PERMISSIVE ALL app"));
    let before = PEOPLES.into_iter().chain(["attempts", "links", "mail"]);
    let before = before.map(|table| format!("{table} identity PERMISSIVE ALL identity"));
    let keepers = ["mail", "links", "attempts", "sessions", "identity_secrets"];
    let keepers = keepers.map(|table| format!("{table} keeper PERMISSIVE ALL worker"));
    policies.extend(peoples.chain(before).chain(keepers));
    policies
}

/// Table or column, role and rights of every grant.
pub(crate) fn grants() -> Vec<String> {
    let tables = [
        "users identity insert+select+update",
        "users app select",
        "passwords identity insert+select+update",
        "passwords app select",
        "organizations identity insert+select",
        "organizations app select",
        "memberships identity insert+select",
        "memberships app select",
        "sessions identity insert+select+update",
        "sessions worker delete",
        "api_keys identity select+update",
        "api_keys app insert+select",
        "passkeys identity insert+select",
        "attempts identity delete+insert+select+update",
        "attempts worker delete+select",
        "links identity insert+select+update",
        "links worker delete+select",
        "mail identity insert",
        "mail app insert",
        "mail worker delete+select+update",
        "identity_secrets worker insert+select",
    ];
    let of = |table: &str, columns: &[&str], right: &str| -> Vec<String> {
        columns.iter().map(|column| format!("{table} {column} {right}")).collect()
    };
    let shown =
        ["session_id", "user_id", "organization_id", "device", "ip", "created_at", "last_used_at", "expires_at", "ended_at"];
    let passkeys = ["factor_id", "user_id", "credential_id", "user_handle", "synced", "transports", "went_back_at"];
    let columns = [
        of("users", &["generation", "name", "updated_at"], "app update"),
        of("passwords", &["verifier", "changed_at", "failures", "failed_at"], "app update"),
        of("sessions", &shown, "app select"),
        of("sessions", &["ended_at", "ended_by"], "app update"),
        of("sessions", &["session_id", "expires_at"], "worker select"),
        of("api_keys", &["expires_at", "revoked_at", "successor_id"], "app update"),
        of("passkeys", &passkeys, "app select"),
        of("passkeys", &["sign_count", "synced", "recognised", "went_back_at"], "identity update"),
    ];
    tables.map(str::to_owned).into_iter().chain(columns.concat()).collect()
}
