//! What the roles may do with the tables of accounts: read by the catalogue's tests.

const PEOPLES: [&str; 16] = [
    "users",
    "passwords",
    "memberships",
    "sessions",
    "api_keys",
    "organizations",
    "factors",
    "recovery_codes",
    "challenges",
    "passkeys",
    "clients",
    "client_secrets",
    "initial_tokens",
    "notice_counts",
    "consents",
    "authorization_codes",
];

/// Table, policy, command and roles of every policy.
pub(crate) fn policies() -> Vec<String> {
    let mut policies =
        vec!["mail own_notice PERMISSIVE INSERT app".to_owned(), "organizations members_read PERMISSIVE SELECT app".into()];
    policies.extend(
        [
            "invitations organization PERMISSIVE ALL app",
            "invitations invited PERMISSIVE SELECT app",
            "invitations administrator PERMISSIVE ALL admin",
            "memberships invited PERMISSIVE INSERT admin",
            "mail invitation PERMISSIVE INSERT app",
            "mail_counts inviter PERMISSIVE ALL app",
        ]
        .map(str::to_owned),
    );
    let peoples = PEOPLES.into_iter().map(|table| format!("{table} own_account PERMISSIVE ALL app"));
    let before = PEOPLES.into_iter().chain([
        "attempts",
        "links",
        "mail",
        "mail_counts",
        "invitations",
        "setup_links",
        "pushed_requests",
        "used_ids",
    ]);
    let before = before.map(|table| format!("{table} identity PERMISSIVE ALL identity"));
    let keepers = [
        "mail",
        "mail_counts",
        "links",
        "attempts",
        "sessions",
        "identity_secrets",
        "challenges",
        "api_keys",
        "invitations",
        "setup_links",
        "pushed_requests",
        "authorization_codes",
        "used_ids",
    ];
    let keepers = keepers.map(|table| format!("{table} keeper PERMISSIVE ALL worker"));
    let everybodys =
        ["users", "passwords", "organizations", "sessions", "api_keys", "factors", "recovery_codes", "notice_counts"];
    policies.extend(everybodys.map(|table| format!("{table} administrator PERMISSIVE ALL admin")));
    policies.extend(["memberships", "links"].map(|table| format!("{table} administrator PERMISSIVE SELECT admin")));
    policies.push("mail administrator PERMISSIVE INSERT admin".to_owned());
    policies.extend(["users", "memberships", "sessions"].map(|table| format!("{table} members PERMISSIVE SELECT app")));
    policies.extend(peoples.chain(before).chain(keepers));
    policies
}

/// Table or column, role and rights of every grant.
pub(crate) fn grants() -> Vec<String> {
    let tables = [
        "users identity insert+select+update",
        "users app select",
        "users admin delete+select",
        "organizations admin delete+select",
        "memberships admin insert+select",
        "invitations identity select",
        "invitations app insert+select",
        "invitations admin select",
        "invitations worker delete",
        "setup_links identity insert+select",
        "setup_links worker delete",
        "mail_counts app insert+select+update",
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
        "factors identity delete",
        "factors app delete",
        "recovery_codes identity delete",
        "recovery_codes app delete",
        "challenges worker delete",
        "mail identity insert",
        "mail_counts identity insert+select+update",
        "mail_counts worker delete+select",
        "mail app insert",
        "mail admin insert",
        "notice_counts identity insert+select+update",
        "notice_counts app insert+select+update",
        "notice_counts admin insert+select+update",
        "factors admin delete",
        "recovery_codes admin delete",
        "api_keys worker delete",
        "mail worker delete+select+update",
        "identity_secrets worker insert+select",
        "used_ids identity insert+select",
        "used_ids worker delete+select",
        "clients identity delete+insert+select+update",
        "clients app delete+insert+select+update",
        "client_secrets identity delete+insert+select+update",
        "initial_tokens identity delete+insert+select",
        "initial_tokens app delete+insert+select",
        "client_secrets app delete+insert+select+update",
        "pushed_requests identity insert+select+update",
        "pushed_requests worker delete",
        "authorization_codes identity insert+select+update",
        "authorization_codes worker delete",
        "authorization_codes app delete",
        "consents identity delete+select",
        "consents app delete+insert+select",
    ];
    let of = |table: &str, columns: &[&str], right: &str| -> Vec<String> {
        columns.iter().map(|column| format!("{table} {column} {right}")).collect()
    };
    let shown = [
        "session_id",
        "user_id",
        "organization_id",
        "browser",
        "device",
        "ip",
        "created_at",
        "last_used_at",
        "expires_at",
        "ended_at",
        "client_id",
        "scopes",
        "audience",
        "browser_session_id",
    ];
    let passkeys = ["factor_id", "user_id", "credential_id", "user_handle", "synced", "transports", "went_back_at"];
    let begun = [
        "challenge_id",
        "kind",
        "user_id",
        "session_id",
        "organization_id",
        "generation",
        "password",
        "network",
        "name",
        "state",
        "created_at",
        "expires_at",
    ];
    let tried = [
        "challenge_id",
        "kind",
        "user_id",
        "session_id",
        "organization_id",
        "generation",
        "password",
        "network",
        "name",
        "state",
        "expires_at",
        "tries",
        "used_at",
    ];
    let seen = ["session_id", "user_id", "organization_id", "created_at", "ended_at"];
    let columns = [
        of("invitations", &["used_at", "withdrawn_at"], "identity update"),
        of("invitations", &["used_at"], "admin update"),
        of("invitations", &["withdrawn_at"], "app update"),
        of("invitations", &["invitation_id", "expires_at"], "worker select"),
        of("setup_links", &["used_at"], "identity update"),
        of("setup_links", &["setup_id", "expires_at"], "worker select"),
        of("users", &["disabled_at", "generation", "updated_at"], "admin update"),
        of("organizations", &["owner_id"], "admin update"),
        of("sessions", &seen, "admin select"),
        of("sessions", &["ended_at", "ended_by"], "admin update"),
        of("api_keys", &["key_id", "user_id", "revoked_at"], "admin select"),
        of("api_keys", &["revoked_at"], "admin update"),
        of("users", &["generation", "name", "updated_at"], "app update"),
        of("passwords", &["verifier", "changed_at", "failures", "failed_at"], "app update"),
        of("sessions", &shown, "app select"),
        of("sessions", &["ended_at", "ended_by"], "app update"),
        of("sessions", &["session_id", "expires_at"], "worker select"),
        of("factors", &["factor_id", "user_id", "kind", "secret", "used_step", "created_at"], "identity select"),
        of("factors", &["factor_id", "user_id", "kind", "name", "secret", "used_step", "created_at"], "identity insert"),
        of("factors", &["used_step", "last_used_at"], "identity update"),
        of("recovery_codes", &["user_id", "verifier", "used_at"], "identity select"),
        of("recovery_codes", &["user_id", "verifier", "created_at"], "identity insert"),
        of("recovery_codes", &["user_id", "verifier", "created_at"], "app insert"),
        of("recovery_codes", &["used_at"], "identity update"),
        of("challenges", &begun, "identity insert"),
        of("challenges", &begun, "app insert"),
        of("challenges", &["tries"], "identity insert"),
        of("challenges", &tried, "identity select"),
        of("challenges", &["state", "tries", "used_at"], "identity update"),
        of("factors", &["factor_id", "user_id", "kind", "name", "created_at", "last_used_at"], "app select"),
        of("factors", &["name"], "app update"),
        of("recovery_codes", &["user_id", "created_at", "used_at"], "app select"),
        of("challenges", &["challenge_id", "expires_at"], "worker select"),
        of("organizations", &["requires_mfa"], "app update"),
        of("organizations", &["name"], "identity update"),
        of("mail", &["kind", "mail_id"], "identity select"),
        of("passwords", &["user_id", "ended_at"], "admin select"),
        of("passwords", &["ended_at"], "admin update"),
        of("factors", &["factor_id", "user_id"], "admin select"),
        of("recovery_codes", &["user_id"], "admin select"),
        of("links", &["link_id", "user_id", "expires_at", "used_at"], "admin select"),
        of("api_keys", &["key_id", "revoked_at", "expires_at"], "worker select"),
        of("api_keys", &["expires_at", "revoked_at", "successor_id"], "app update"),
        of("initial_tokens", &["uses_left"], "identity update"),
        of("consents", &["client_name", "scopes", "updated_at"], "app update"),
        of("pushed_requests", &["request_id", "expires_at"], "worker select"),
        of("authorization_codes", &["code_id", "created_at", "expires_at"], "worker select"),
        of("authorization_codes", &["client_id", "organization_id", "used_at", "user_id"], "app select"),
        of("passkeys", &passkeys, "app select"),
        of("passkeys", &["sign_count", "synced", "recognised", "went_back_at"], "identity update"),
    ];
    tables.map(str::to_owned).into_iter().chain(columns.concat()).collect()
}
