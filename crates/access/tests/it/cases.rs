//! Random roles and questions, the same ones each time: what `oracle/` has Cedar decide, and what the matcher is held against.
//!
//! Knows nothing of the matcher, nor of Cedar: both sides read these texts. Whatever is changed here changes the cases, and wants `make oracle`.

/// The permissions that an organization can give, by their words.
pub const WORDS: &[&str] = &[
    "nodes:read",
    "nodes:write",
    "search:read",
    "edges:read",
    "edges:write",
    "triggers:read",
    "triggers:write",
    "ask:read",
    "events:read",
    "admin:refresh",
    "metrics:read",
    "users:read",
    "members:write",
    "clients:read",
    "clients:write",
];
/// Those that concern the whole server.
pub const SERVERS: &[&str] = &["users:write", "shared:write", "system:read"];
/// The built-in roles of organizations, and of the server.
pub const BUILT_IN: &[&str] = &["owner", "admin", "developer", "data_scientist", "analyst"];
/// Those of the server.
pub const GLOBAL: &[&str] = &["super_admin", "system_operator", "billing_admin", "viewer"];

/// How many organizations there are.
pub const WORLDS: u64 = 10_000;
/// How many questions each is asked.
pub const QUESTIONS: usize = 10;
/// What the file of decisions begins with.
pub const FORMAT: &str = "wardgraph-oracle 1";

/// The second ends as it begins, so that it can overlap itself.
const USERS: &[&str] = &["0190a1b2-0000-7000-8000-000000000001", "0190a1b2-0000-7000-8000-00000190a1b2"];
const STEMS: &[&str] =
    &["production", "production-1", "production-12", "prod", "staging", "staging-a", "a", "a.b", "shared", "user-x"];
const PERSONAL: &[&str] =
    &["user-${user_id}-*", "user-${user_id}", "${user_id}", "${user_id}*", "a-${user_id}.*", "${user_id}-x"];
const SUFFIXES: &[&str] = &["", "1", "2", "-1", ".x", "-a", "-0000-7000-8000-00000190a1b2"];

/// One organization: its roles, somebody of it, and what they ask.
#[derive(Debug)]
pub struct World {
    /// The roles that it made.
    pub roles: Vec<CaseRole>,
    /// Those that somebody has.
    pub held: Vec<String>,
    /// Their role on the whole server.
    pub global: Option<&'static str>,
    /// Who it is; nobody for a service.
    pub user: Option<&'static str>,
    /// The scopes of each of their credentials.
    pub bounds: Vec<Vec<String>>,
    /// What they ask: a permission, and the name of what it is about.
    pub questions: Vec<(&'static str, Option<String>)>,
}

/// A role, as texts.
#[derive(Debug, Clone)]
pub struct CaseRole {
    /// Its name.
    pub name: String,
    /// What it allows.
    pub allows: Vec<String>,
    /// What it denies.
    pub denies: Vec<String>,
    /// From whom it inherits.
    pub inherits: Vec<String>,
}

/// Every organization.
pub fn worlds() -> impl Iterator<Item = World> {
    (0..WORLDS).map(|seed| Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)).world())
}

/// A number that tells whether the cases are those that were decided (FNV-1a).
pub fn fingerprint() -> u64 {
    let texts = worlds().map(|world| format!("{world:?}"));
    texts.fold(0xcbf2_9ce4_8422_2325, |hash, text| {
        text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    })
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).unwrap_or(0)
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).cloned()
    }

    fn text(&mut self, of: &[&'static str]) -> &'static str {
        self.pick(of).unwrap_or_default()
    }

    fn several<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }

    fn world(&mut self) -> World {
        let mut roles: Vec<CaseRole> = Vec::new();
        for number in 0..=self.below(5) {
            let mut inherits = Vec::new();
            for parent in &roles {
                if self.percent(35) {
                    inherits.push(parent.name.clone());
                }
            }
            if self.percent(15) {
                inherits.push(self.text(BUILT_IN).to_owned());
            }
            let denies = if self.percent(45) { self.several(2, Self::rule) } else { Vec::new() };
            roles.push(CaseRole { name: format!("r{number}"), allows: self.several(5, Self::rule), denies, inherits });
        }
        let mut held: Vec<String> =
            self.several(2, |chance| chance.pick(&roles).map(|role| role.name.clone()).unwrap_or_default());
        held.extend(roles.last().map(|role| role.name.clone()));
        if self.percent(20) {
            held.push(self.text(BUILT_IN).to_owned());
        }
        let global = if self.percent(12) { self.pick(GLOBAL) } else { None };
        let user = if self.percent(85) { self.pick(USERS) } else { None };
        let bounds = match self.below(10) {
            0..=4 => Vec::new(),
            5..=7 => vec![self.scopes()],
            _ => vec![self.scopes(), self.scopes()],
        };
        let stated: Vec<String> = roles.iter().flat_map(|role| role.allows.iter().chain(&role.denies)).cloned().collect();
        let questions = (0..QUESTIONS).map(|_| self.question(&stated, user)).collect();
        World { roles, held, global, user, bounds, questions }
    }

    fn rule(&mut self) -> String {
        let word = self.word();
        let (resource, action) = word.split_once(':').unwrap_or_default();
        let head = match self.below(100) {
            0..=69 => word.to_owned(),
            70..=82 => format!("{resource}:*"),
            83..=93 => format!("*:{action}"),
            _ => "*:*".to_owned(),
        };
        self.narrowed(head, 60)
    }

    fn scopes(&mut self) -> Vec<String> {
        let mut scopes: Vec<String> = WORDS.iter().filter(|_| self.percent(50)).map(|word| (*word).to_owned()).collect();
        scopes.extend(self.several(5, |chance| {
            let word = if chance.percent(15) {
                chance.text(&["kg:read", "kg:write", "openid", "nodes:*", "system:read"])
            } else {
                chance.word()
            };
            chance.narrowed(word.to_owned(), 70)
        }));
        scopes
    }

    /// A word, those of nodes more often than others, so that rules meet.
    fn word(&mut self) -> &'static str {
        if self.percent(55) { self.text(WORDS.get(..4).unwrap_or_default()) } else { self.text(WORDS) }
    }

    fn narrowed(&mut self, head: String, share: usize) -> String {
        if !self.percent(share) {
            return head;
        }
        let pattern = if self.percent(25) { self.text(PERSONAL).to_owned() } else { self.text(STEMS).to_owned() };
        let open = if self.percent(55) && !pattern.ends_with('*') { "*" } else { "" };
        format!("{head}:{pattern}{open}")
    }

    fn question(&mut self, rules: &[String], user: Option<&'static str>) -> (&'static str, Option<String>) {
        let rule = if self.percent(75) { self.pick(rules) } else { None };
        let mut parts = rule.as_deref().unwrap_or("*:*").splitn(3, ':');
        let (resource, action) = (parts.next().unwrap_or("*"), parts.next().unwrap_or("*"));
        let meant = |part: &str, word: &str| part == "*" || part == word;
        let fits = |word: &&&str| word.split_once(':').is_some_and(|(one, other)| meant(resource, one) && meant(action, other));
        let close: Vec<&'static str> = WORDS.iter().filter(fits).copied().collect();
        let permission = match self.below(100) {
            0..=74 => self.text(&close),
            75..=79 => self.text(SERVERS),
            _ => self.word(),
        };
        let name = if self.percent(85) { Some(self.name(parts.next(), user)) } else { None };
        (permission, name)
    }

    /// A name that a pattern matches, or nearly.
    fn name(&mut self, pattern: Option<&str>, user: Option<&'static str>) -> String {
        let pattern = if self.percent(75) { pattern } else { None };
        let pattern = pattern.unwrap_or_else(|| self.text(STEMS));
        let id = user.filter(|_| self.percent(80)).unwrap_or_else(|| self.text(USERS));
        let name = pattern.replace("${user_id}", id);
        match name.strip_suffix('*') {
            Some(beginning) => format!("{beginning}{}", self.text(SUFFIXES)),
            None if self.percent(15) => format!("{name}{}", self.text(SUFFIXES)),
            None => name,
        }
    }
}
