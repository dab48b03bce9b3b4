//! The list of settings.

use std::fmt::Write;

use wardgraph_api::wire::search::MOST_NUMBERS;

/// What kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text that is never shown; `<NAME>_FILE` names a file that holds it.
    Secret,
    /// `true` or `false`.
    Bool,
    /// A whole number in this range.
    Number(u64, u64),
    /// `ADDRESS:PORT`.
    Listen,
    /// A folder or a file.
    Path,
}

impl Kind {
    /// The kind in words.
    pub fn words(self) -> String {
        match self {
            Self::Text => "a text".into(),
            Self::Secret => "a secret text".into(),
            Self::Bool => "`true` or `false`".into(),
            Self::Number(least, most) => format!("a whole number from {least} to {most}"),
            Self::Listen => "an address and port like `127.0.0.1:8080`".into(),
            Self::Path => "a path".into(),
        }
    }
}

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name in the file: `section.name`.
    pub name: &'static str,
    /// What kind of value it takes.
    pub kind: Kind,
    /// What holds if nothing is said; empty for nothing.
    pub default: &'static str,
    /// Names that other systems' deployments use in the environment.
    pub aliases: &'static [&'static str],
    /// What it is for.
    pub doc: &'static str,
}

impl Key {
    /// Its name in the environment: `WARDGRAPH_SECTION__NAME`.
    pub fn variable(&self) -> String {
        variable(self.name)
    }
}

/// A setting's name in the environment.
pub(super) fn variable(name: &str) -> String {
    format!("WARDGRAPH_{}", name.to_uppercase().replace('.', "__"))
}

macro_rules! keys {
    ($(#[$about:meta])* $list:ident: $($name:literal $kind:expr, $default:literal, [$($alias:literal),*], $doc:literal;)*) => {
        $(#[$about])*
        pub const $list: &[Key] = &[$(Key { name: $name, kind: $kind, default: $default, aliases: &[$($alias),*], doc: $doc }),*];
    };
}

const BYTES: Kind = Kind::Number(1_024, 1 << 30);
const COUNT: Kind = Kind::Number(1, 1_000_000);

keys! {
    /// Every setting that there is once.
    KEYS:
    "http.listen" Kind::Listen, "127.0.0.1:8080", [], "Where the server listens.";
    "http.plain_beyond_loopback" Kind::Bool, "false", [], "Allows plain HTTP on an address that other machines reach. Say true only behind a proxy that speaks TLS. Without effect where the server speaks TLS itself.";
    "http.max_request_bytes" BYTES, "10485760", ["MAX_REQUEST_SIZE_BYTES"], "The largest request body of any endpoint; each endpoint has its own limit besides.";
    "http.max_held_bytes" Kind::Number(16 << 20, 1 << 36), "268435456", [], "How much memory bodies of more than 64 KiB may hold while they arrive, and as much again while their clients read them; a quarter of it for one tenant. Beyond, a request is told 503.";
    "http.body_timeout_ms" Kind::Number(100, 600_000), "30000", [], "How long the body of a request may take to arrive.";
    "http.max_connections" COUNT, "10000", [], "How many connections may be open at once. For a further one, one that asks nothing is closed; it waits while all ask something.";
    "http.max_connections_per_network" COUNT, "", [], "How many of them one network (an IPv4 address, or an IPv6 /64) may have; further ones are closed. Absent: a tenth, or all where a proxy is trusted or the listener is loopback.";
    "http.max_streams" Kind::Number(1, 1_000), "100", [], "How many requests may run at once on one connection of HTTP/2.";
    "http.max_head_bytes" Kind::Number(4_096, 65_536), "32768", [], "The most bytes of a request line with its headers; there may be 100 headers.";
    "http.handshake_timeout_ms" Kind::Number(100, 60_000), "10000", [], "How long a TLS handshake may take.";
    "http.head_timeout_ms" Kind::Number(100, 600_000), "30000", [], "How long a request's head may take to arrive, the wait between requests included.";
    "http.unread_timeout_ms" Kind::Number(1_000, 600_000), "20000", [], "How long a client may fall short of reading 16 KiB a second of an answer that waits for it.";
    "http.cors_origins" Kind::Text, "", [], "Origins whose pages may read answers, with commas between them, like `https://app.example.com, http://localhost:3000`. To the letter: there is no `*`.";
    "http.cors_credentials" Kind::Bool, "false", [], "Whether browsers send cookies and client certificates along from those origins. Tokens in `Authorization` do not need it.";
    "http.trust_proxy" Kind::Bool, "false", ["TRUST_PROXY"], "Whether `http.real_ip_header` is believed.";
    "http.real_ip_header" Kind::Text, "X-Forwarded-For", ["REAL_IP_HEADER"], "The header in which each trusted proxy appends the address that it saw.";
    "http.trusted_proxies" Kind::Number(1, 16), "1", [], "How many trusted proxies stand one behind the other before this server.";
    "tls.certificate_file" Kind::Path, "", [], "The server's certificate and those between it and its root, as PEM. With it the listener speaks TLS 1.3 and nothing else. Read again when it changes, and on SIGHUP.";
    "tls.key_file" Kind::Path, "", [], "The certificate's private key, as PEM.";
    "tls.client_ca_file" Kind::Path, "", [], "The authorities of clients' certificates, as PEM (mutual TLS). A client with a certificate of another is turned away.";
    "tls.client_certificate_required" Kind::Bool, "true", [], "Whether a client without a certificate is turned away as well, where `tls.client_ca_file` is set.";
    "database.url" Kind::Secret, "", ["DATABASE_URL", "ACTIVEKG_MIGRATE_DSN", "ACTIVEKG_DSN"], "A Postgres (16 or newer, with pgvector) whose login may create roles and a schema. To another machine it says `sslmode=verify-full`, with `sslrootcert=FILE` for an authority of your own, or `sslmode=disable`. Empty: a private Postgres in the data folder.";
    "database.owner_url" Kind::Secret, "", [], "The login of `wardgraph_owner`, where the roles were made by hand.";
    "database.app_url" Kind::Secret, "", [], "The login of `wardgraph_app`, where the roles were made by hand.";
    "database.admin_url" Kind::Secret, "", [], "The login of `wardgraph_admin`, where the roles were made by hand.";
    "database.identity_url" Kind::Secret, "", [], "The login of `wardgraph_identity`, where the roles were made by hand.";
    "database.worker_url" Kind::Secret, "", [], "The login of `wardgraph_worker`, where the roles were made by hand.";
    "database.connections" Kind::Number(6, 1_000), "20", [], "All pools together.";
    "database.acquire_timeout_ms" Kind::Number(10, 60_000), "3000", [], "How long a request waits for a free connection before it is told 503.";
    "database.statement_timeout_ms" Kind::Number(100, 600_000), "5000", [], "How long one statement may take.";
    "database.transaction_timeout_ms" Kind::Number(100, 600_000), "10000", [], "How long one transaction may take.";
    "jwt.enabled" Kind::Bool, "", ["JWT_ENABLED"], "Whether an outside issuer's tokens are believed. Absent: true exactly if a key is given. False never means anonymous access.";
    "jwt.algorithm" Kind::Text, "RS256", ["JWT_ALGORITHM"], "The one algorithm of the outside issuer: HS256, RS256, ES256 or EdDSA.";
    "jwt.secret_key" Kind::Secret, "", ["JWT_SECRET_KEY"], "The shared secret for HS256, at least 32 bytes.";
    "jwt.public_key" Kind::Secret, "", ["JWT_PUBLIC_KEY"], "The public key for the other algorithms, as PEM: as it is, with `\\n` escaped, or base64.";
    "jwt.audience" Kind::Text, "activekg", ["JWT_AUDIENCE"], "What `aud` must name.";
    "jwt.issuer" Kind::Text, "", ["JWT_ISSUER"], "What `iss` must be. Empty: not looked at.";
    "jwt.leeway_seconds" Kind::Number(0, 300), "30", ["JWT_LEEWAY_SECONDS"], "How far the issuer's clock may be off.";
    "jwt.tenants" Kind::Text, "", [], "The outside issuer's own tenants, with commas between: no other issuer may speak for them. With `*` it may speak for any tenant that no other issuer lists and that was not made here (`org_...`).";
    "jwt.new_tenants_per_hour" Kind::Number(0, 1_000_000_000), "10000", [], "Of how many tenants the outside issuer may be the first to speak in an hour: each is its own from then on. 0: of those in `jwt.tenants` alone.";
    "public_url" Kind::Text, "", [], "Where this server is reached, like `https://graph.example.com`, without a slash at the end: `iss` of its own tokens, and the base of every link. Never taken from `Host`. Empty: `http://` and the listener's address.";
    "tokens.access_seconds" Kind::Number(60, 3_600), "900", [], "How long an access token of this server lives.";
    "tokens.algorithms" Kind::Text, "ES256,EdDSA,RS256", [], "The algorithms that this server has keys for, with commas between: the first for every client that asks for none.";
    "tokens.rotate_days" Kind::Number(1, 3_650), "30", [], "How old a signing key gets before another follows it.";
    "tokens.publish_lead_seconds" Kind::Number(2, 86_400), "600", [], "How long a signing key is published before it signs. Whoever reads `/.well-known/jwks.json` may keep it for half of that.";
    "vault.master_key" Kind::Secret, "", [], "What wraps the keys that secrets in the database are sealed with: 32 bytes in base64 (`openssl rand -base64 32`), or `aws-secretsmanager://ID` (`ID#MEMBER` where the secret is a JSON object) for a secret of AWS Secrets Manager that holds them. Every server of a database needs the same. Empty: made at the first start, in the data folder. Without it those secrets are lost.";
    "vault.previous_master_key" Kind::Secret, "", [], "The master key before this one, while `wardgraph key rotate` has not yet wrapped everything with the new one.";
    "oauth.registration" Kind::Text, "closed", [], "How programs register themselves as clients (RFC 7591): `closed`: not at all. `token`: by an initial token of an organization. `open`: by nothing, too; such clients are no organization's, and people are told that nobody verified them.";
    "oauth.client_id_metadata_documents" Kind::Bool, "false", [], "Whether a client may be known by the https address of its own description, as MCP clients are. The server then fetches what strangers name, from public hosts on port 443 or 80 alone.";
    "oauth.registered_scopes" Kind::Text, "openid,profile,email,offline_access,nodes:read,nodes:write,edges:read,edges:write,search:read,ask:read", [], "The most that clients of both kinds may ask for, with commas between: words of OpenID Connect and permissions on data. An initial token may say otherwise.";
    "oauth.most_registered" COUNT, "10000", [], "How many clients of each kind there may be that are no organization's. Beyond, the oldest goes that nobody agreed to.";
    "accounts.registration" Kind::Text, "open", [], "`open`: anybody may make an account, with an organization of its own. `invitation`: only whoever is invited to an organization. `closed`: nobody over HTTP; who has an account can still be invited to further organizations.";
    "accounts.second_factor" Kind::Text, "chosen", [], "Whether people sign in with a second factor. `chosen`: those who added one do, and everybody in an organization that requires it. `required`: nobody gets in by one factor alone; who has none adds one while signing in (a passkey alone counts as two). Sessions that were begun by less go on until they end: `wardgraph session end --everybody` ends them.";
    "accounts.totp_skew_steps" Kind::Number(0, 1), "1", [], "How many steps of 30 seconds before and after the present one the code of an authenticator app is taken: clocks differ (RFC 6238, section 5.2). 0: a code is good for its own 30 seconds, and clocks have to agree.";
    "accounts.session_days" Kind::Number(1, 3_650), "90", [], "After how many days a session ends, whatever is done.";
    "accounts.idle_days" Kind::Number(1, 3_650), "14", [], "After how many days without a use a session ends.";
    "accounts.breached_passwords" Kind::Text, "", [], "A list of passwords that were leaked elsewhere and are refused when one is set: the path of a file of ordered SHA-1 hashes (as the downloader of Pwned Passwords writes it), or a service that is told five digits of the hash, `https://api.pwnedpasswords.com/range/`. When it cannot be asked, passwords are taken. Empty: none.";
    "accounts.fresh_minutes" Kind::Number(1, 1_440), "10", [], "For how many minutes after signing in a person may do what outlives the session or cannot be undone (API keys, other people's accounts). Later such a call is 401 and asks for a new sign-in.";
    "accounts.hash_threads" Kind::Number(0, 256), "0", [], "Threads that work passwords out (Argon2id), with 19 MiB each. 0: one for each core.";
    "passkeys.domain" Kind::Text, "", [], "The domain that passkeys are bound to, for good: that of `public_url`, or one above it, like `example.com` where other servers of it take the same passkeys. Empty: that of `public_url`; without one, `localhost`.";
    "passkeys.origins" Kind::Text, "", [], "Origins besides that of `public_url` whose pages may ask for passkeys, with commas between, like `https://app.example.com`. Each is on the domain or below it.";
    "mail.smtp_host" Kind::Text, "", [], "The mail server. With one, an account must show that its address is its owner's before it can sign in. Empty: messages are written into the folder `mail` of the data folder.";
    "mail.smtp_port" Kind::Number(0, 65_535), "0", [], "Its port. 0: 587, 465 or 25, as `mail.smtp_tls` says.";
    "mail.smtp_tls" Kind::Text, "starttls", [], "How the way to it is guarded: `starttls`, `implicit`, or `none` for one on this machine.";
    "mail.smtp_user" Kind::Text, "", [], "Who signs in to it. Empty: nobody needs to.";
    "mail.smtp_password" Kind::Secret, "", [], "The password for it.";
    "mail.from" Kind::Text, "Wardgraph <wardgraph@localhost>", [], "From whom messages are.";
    "aws.region" Kind::Text, "", ["AWS_REGION", "AWS_DEFAULT_REGION"], "The region of AWS, where something is there.";
    "aws.access_key_id" Kind::Text, "", ["AWS_ACCESS_KEY_ID"], "The id of the access key that AWS is asked with. Roles of machines and pods are not looked up.";
    "aws.secret_access_key" Kind::Secret, "", ["AWS_SECRET_ACCESS_KEY"], "The access key.";
    "aws.session_token" Kind::Secret, "", ["AWS_SESSION_TOKEN"], "The session's token, where the access key is a temporary one.";
    "aws.secretsmanager_url" Kind::Text, "", ["AWS_ENDPOINT_URL_SECRETS_MANAGER"], "Where AWS Secrets Manager is, if not at its usual address. It may be on a private network.";
    "egress.name_server" Kind::Listen, "", [], "Which name server is asked for the hosts that this server asks. Empty: the machine's own, after its list of hosts.";
    "egress.authorities" Kind::Path, "", [], "A PEM of certificate authorities that are believed besides the machine's own.";
    "egress.allow" Kind::Text, "", [], "Hosts and ranges of addresses, with commas between, that are no public ones and to which redirects may lead from addresses in this configuration. These addresses themselves may always be asked; what a tenant names never leads inside.";
    "limits.enabled" Kind::Bool, "true", ["RATE_LIMIT_ENABLED"], "Whether calls are counted. False needs a loopback listener.";
    "limits.search_burst" COUNT, "100", [], "Searches of a tenant at once.";
    "limits.search_sustained" COUNT, "10", [], "Searches of a tenant a second.";
    "limits.node_write_burst" COUNT, "50", [], "Writes of a tenant at once; a batch is one.";
    "limits.node_write_sustained" COUNT, "10", [], "Writes of a tenant a second.";
    "limits.items_burst" COUNT, "50000", [], "Items of batches of a tenant at once.";
    "limits.items_sustained" COUNT, "5000", [], "Items of batches of a tenant a second.";
    "limits.read_burst" COUNT, "2000", [], "Reads of a tenant at once.";
    "limits.read_sustained" COUNT, "1000", [], "Reads of a tenant a second.";
    "limits.auth_burst" COUNT, "100", [], "Changes of accounts by a tenant's members at once.";
    "limits.auth_sustained" COUNT, "10", [], "The same a second.";
    "limits.client_burst" COUNT, "2000", [], "Requests of one OAuth client at once: for tokens, introspection, revocation.";
    "limits.client_sustained" COUNT, "1000", [], "The same a second.";
    "limits.stranger_client_burst" COUNT, "30", [], "Requests to the OAuth endpoints that fail, from one network at once, and in one client's name.";
    "limits.stranger_client_sustained" COUNT, "1", [], "The same a second.";
    "limits.stranger_auth_burst" COUNT, "30", [], "Sign-ins, registrations, refreshes and uses of mailed links from one network at once.";
    "limits.stranger_auth_sustained" COUNT, "1", [], "The same a second.";
    "limits.stranger_burst" COUNT, "200", [], "Calls without a valid credential from one network at once, for each class but search.";
    "limits.stranger_sustained" COUNT, "50", [], "The same a second.";
    "limits.stranger_search_burst" COUNT, "20", [], "Searches without a valid credential from one network at once.";
    "limits.stranger_search_sustained" COUNT, "5", [], "The same a second.";
    "embedding.model" Kind::Text, "minilm", [], "`minilm` (all-MiniLM-L6-v2, 384 dimensions), `wordllama` (256 dimensions, a hundred times faster), or `openai`: a service that speaks OpenAI's API, named by the settings below. After a change nodes are embedded again while the server serves.";
    "embedding.threads" Kind::Number(0, 256), "0", [], "Threads of a model that runs here; 0: half the cores, at least one.";
    "embedding.base_url" Kind::Text, "", [], "Where the service is, like `https://api.openai.com/v1`; `/embeddings` is put behind it. It may be on a private network.";
    "embedding.plain_beyond_loopback" Kind::Bool, "false", [], "Allows plain HTTP to a service on another machine, which carries texts and the key in the clear.";
    "embedding.api_key" Kind::Secret, "", [], "The service's key, sent as a bearer token. Empty: none is sent.";
    "embedding.service_model" Kind::Text, "", [], "The service's name for the model, like `text-embedding-3-small`. Vectors carry it with their dimension, and not the address: see `embedding.space`.";
    "embedding.space" Kind::Text, "", [], "A name of yours for where the service's vectors belong: up to 64 letters, digits and `.`, `_`, `-`. Vectors of one model name, dimension and space are compared with each other, wherever `embedding.base_url` leads. Say another space when you go to another service whose model has the same name and is not the same model: nodes are embedded again then. A mere change of address needs none.";
    "embedding.dimension" Kind::Number(1, MOST_NUMBERS as u64), "", [], "How many components the service's vectors have. Another answer is refused. No index holds vectors of more than 4,000: they are compared one by one, however many there are.";
    "embedding.send_dimension" Kind::Bool, "false", [], "Asks the service for that dimension: for models that can shorten their vectors.";
    "embedding.batch" Kind::Number(1, 2_048), "64", [], "Texts a request to the service, at most.";
    "embedding.most_text_bytes" Kind::Number(64, 1 << 20), "16384", [], "Of a longer text this much is sent to the service, which refuses what its model cannot read.";
    "embedding.timeout_ms" Kind::Number(10, 120_000), "10000", [], "How long one try at the service may take.";
    "embedding.query_timeout_ms" Kind::Number(10, 120_000), "3000", [], "How long a search waits for the service, all tries together, and never longer than `embedding.timeout_ms`: then it is answered by words, or told that the service is away. A service that is too slow for it three times in a row is left alone by searches until it is faster.";
    "embedding.deadline_ms" Kind::Number(10, 120_000), "60000", [], "How long the tries for nodes may take together. Nodes that got no vector are tried again later.";
    "embedding.retries" Kind::Number(0, 10), "4", [], "Tries after the first, on 429, 5xx, a broken connection and a timeout. `Retry-After` is kept to.";
    "embedding.concurrency" Kind::Number(1, 64), "4", [], "Requests to the service at once; with two or more, one is kept for searches.";
    "embedding.most_waiting" COUNT, "250000", [], "How many nodes of a tenant may wait for their vectors. Whoever has more waiting is told 429 until there are fewer; looked up every five seconds.";
    "graph.grace_period_hours" Kind::Number(0, 87_600), "720", [], "How long a deleted node can be brought back before it is erased, in hours.";
    "graph.versions_per_node" Kind::Number(0, 1_000_000_000), "1000", [], "How many earlier versions of a node are kept, the latest ones: each is as large as the node was, and is erased with it. 0: all of them. Where fewer are kept than before, the oldest go with the node's next changes.";
    "organizations.grace_days" Kind::Number(0, 3_650), "30", [], "How many days a deleted organization can be restored before everything of it but its log is erased.";
    "worker.enabled" Kind::Bool, "true", [], "Whether this server works the queue and keeps the tiers of search.";
    "search.exact_rows" Kind::Number(1, 1_000_000), "5000", [], "Up to so many vectors a tenant is searched one by one, exactly; above, by an HNSW index, outside of which at most about as many wait, and not more than 2,000.";
    "search.own_index_rows" Kind::Number(1, 1_000_000_000), "50000", [], "From so many vectors on, a tenant has an HNSW index of its own.";
    "search.build_memory_mb" Kind::Number(16, 1_048_576), "1024", [], "How much memory the building of an HNSW index may use (`maintenance_work_mem`); one is built at a time, and takes some 2.6 KB for a vector of 384 dimensions. A larger index is built on, many times slower.";
    "log.format" Kind::Text, "text", [], "`text` or `json`.";
    "log.filter" Kind::Text, "info", [], "What is logged, in the words of tracing's EnvFilter.";
    "cache_dir" Kind::Path, "", [], "Where `scripts/fetch.py` put Postgres and the models. Empty: `.cache` beside the build or in the working folder.";
}

keys! {
    /// Settings of which there are as many as have names: `*` stands for a name of small letters, digits and underscores.
    FAMILIES:
    "issuer.*.issuer" Kind::Text, "", [], "What `iss` of this issuer's tokens must be.";
    "issuer.*.jwks_url" Kind::Text, "", [], "Where the issuer publishes its keys (RFC 7517). It may be on a private network. Either this, a `secret_key` or a `public_key`.";
    "issuer.*.plain_beyond_loopback" Kind::Bool, "false", [], "Allows plain HTTP to another machine for `jwks_url`: whoever stands between could be the issuer.";
    "issuer.*.algorithms" Kind::Text, "RS256,ES256,EdDSA", [], "The algorithms of the issuer, with commas between; exactly one for a `public_key`. A `secret_key` is for HS256.";
    "issuer.*.secret_key" Kind::Secret, "", [], "A shared secret for HS256, at least 32 bytes.";
    "issuer.*.public_key" Kind::Secret, "", [], "The one public key, as PEM: as it is, with `\\n` escaped, or base64.";
    "issuer.*.audience" Kind::Text, "", [], "What `aud` must name: one of these, with commas between. Empty: `jwt.audience`.";
    "issuer.*.leeway_seconds" Kind::Number(0, 300), "30", [], "How far the issuer's clock may be off.";
    "issuer.*.ceiling" Kind::Text, "", [], "The most that the issuer's tokens may ever do: permissions, with commas between. Empty: the data scopes and `admin:refresh`.";
    "issuer.*.tenants" Kind::Text, "", [], "As `jwt.tenants`.";
    "issuer.*.new_tenants_per_hour" Kind::Number(0, 1_000_000_000), "0", [], "As `jwt.new_tenants_per_hour`, but none by default: the first to name a tenant that has data already would get it.";
    "issuer.*.keys_refresh_seconds" Kind::Number(1, 86_400), "300", [], "How often published keys are fetched without need: so long is a key believed that was taken back.";
    "issuer.*.keys_floor_seconds" Kind::Number(1, 3_600), "10", [], "The least time between two fetches, however many tokens name an unknown key.";
    "issuer.*.keys_stale_seconds" Kind::Number(1, 604_800), "21600", [], "How long published keys are believed while the issuer cannot be reached. Then its tokens are answered with 503.";
}

/// `docs/configuration.md`.
pub fn documentation() -> String {
    let mut out = String::from(
        "# Configuration\n\nGenerated from the list of settings (`crates/server/src/config/keys.rs`); a test keeps it fresh.\n\n\
         Defaults in code, then the TOML file given with `--config` (or `WARDGRAPH_CONFIG`), then the environment. `section.name` is \
         `[section]` and `name` in the file, and `WARDGRAPH_SECTION__NAME` in the environment. A secret can be given as a file: `<VARIABLE>_FILE`. \
         `wardgraph config` shows what holds and where it came from. In `issuer.*` the star stands for a name of your choice \
         (small letters, digits, underscores), one for each issuer: `[issuer.main]` in the file, `WARDGRAPH_ISSUER__MAIN__JWKS_URL` in the environment.\n\n| setting | default | also read from | meaning |\n|---|---|---|---|\n",
    );
    for key in KEYS.iter().chain(FAMILIES) {
        let default = if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        let aliases: Vec<_> = key.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "| `{}` | {default} | {} | {} ({}) |", key.name, aliases.join(", "), key.doc, key.kind.words());
    }
    out
}
