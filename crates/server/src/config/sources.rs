//! Where settings come from, and which wins.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
};

use super::{
    ConfigError,
    keys::{FAMILIES, KEYS, Key, Kind, variable},
};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The default in code.
    Default,
    /// The configuration file.
    File,
    /// This variable of the environment.
    Variable(String),
    /// This flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the default"),
            Self::File => f.write_str("the configuration file"),
            Self::Variable(name) => write!(f, "the variable {name}"),
            Self::Flag(name) => write!(f, "the flag {name}"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone)]
pub struct Setting {
    /// The setting.
    pub key: &'static Key,
    /// Its name: the key's own, or a family's with the member's name in it.
    pub name: String,
    value: String,
    /// Where the value came from.
    pub source: Source,
}

impl Setting {
    fn default(key: &'static Key, name: String) -> Self {
        Self { key, name, value: key.default.to_owned(), source: Source::Default }
    }

    /// The value, or a word in place of a secret.
    pub fn shown(&self) -> &str {
        if self.key.kind == Kind::Secret && !self.value.is_empty() { "(secret)" } else { &self.value }
    }

    /// The value itself.
    pub(super) fn value(&self) -> &str {
        &self.value
    }

    pub(super) fn refuse(&self, expected: impl Into<String>) -> ConfigError {
        ConfigError::Value { key: self.name.clone(), source_name: self.source.to_string(), expected: expected.into() }
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?} from {}", self.name, self.shown(), self.source)
    }
}

/// What Active Graph KG deployments also set, and what is not built here yet.
const NOT_YET: &[&str] = &[
    "REDIS_URL",
    "ALLOWED_S3_BUCKETS",
    "ACTIVEKG_URL_ALLOWLIST",
    "ACTIVEKG_MAX_FETCH_BYTES",
    "ACTIVEKG_FETCH_TIMEOUT",
    "ACTIVEKG_FILE_BASEDIRS",
    "ACTIVEKG_MAX_FILE_BYTES",
];

/// Which variables of the environment an Active Graph KG deployment sets in vain.
pub fn without_effect(environment: &BTreeMap<String, String>) -> Vec<&'static str> {
    NOT_YET.iter().copied().filter(|name| environment.contains_key(*name)).collect()
}

/// All settings, each from the strongest source that has it.
#[derive(Debug, Clone)]
pub struct Settings(BTreeMap<String, Setting>);

impl Settings {
    /// Reads defaults, the file if there is one, and `environment`. An empty variable counts as absent.
    pub fn read(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut settings =
            Self(KEYS.iter().map(|key| (key.name.to_owned(), Setting::default(key, key.name.to_owned()))).collect());
        if let Some(path) = file {
            settings.take_file(path)?;
        }
        settings.take_environment(environment)?;
        Ok(settings)
    }

    /// Sets what the command line says.
    pub fn set(&mut self, name: &'static str, value: String, flag: &'static str) {
        if let Some(setting) = self.0.get_mut(name) {
            (setting.value, setting.source) = (value, Source::Flag(flag));
        }
    }

    /// Every setting, in the order of its name.
    pub fn all(&self) -> impl Iterator<Item = &Setting> {
        self.0.values()
    }

    /// The names that a family's members have.
    pub(super) fn names(&self, family: &str) -> BTreeSet<String> {
        let member = |name: &String| Some(name.strip_prefix(family)?.strip_prefix('.')?.split_once('.')?.0.to_owned());
        self.0.keys().filter_map(member).collect()
    }

    /// One setting of the list.
    pub(super) fn get(&self, name: &str) -> Result<&Setting, ConfigError> {
        self.0.get(name).ok_or_else(|| ConfigError::Unknown { key: name.to_owned(), source_name: "the server itself".into() })
    }

    fn take_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        let unreadable =
            |reason: String| ConfigError::File { what: "the configuration file", path: path.display().to_string(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| unreadable(error.message().to_owned()))?;
        for (section, value) in table {
            match value {
                toml::Value::Table(members) => {
                    for (name, value) in members {
                        self.take_members(&format!("{section}.{name}"), value)?;
                    }
                }
                value => self.take_member(&section, &value)?,
            }
        }
        Ok(())
    }

    /// A setting of a section, or a member of a family with all of its settings.
    fn take_members(&mut self, name: &str, value: toml::Value) -> Result<(), ConfigError> {
        match (value, name.split_once('.')) {
            (toml::Value::Table(settings), Some((family, member))) if self.add_member(family, member) => {
                settings.iter().try_for_each(|(part, value)| self.take_member(&format!("{name}.{part}"), value))
            }
            (value, _) => self.take_member(name, &value),
        }
    }

    /// Adds the settings of a family's member with their defaults. False if there is no such family, or the name is not one to give.
    fn add_member(&mut self, family: &str, member: &str) -> bool {
        let letters = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        let is_name = (1..=32).contains(&member.len())
            && letters(member)
            && !member.contains("__")
            && !member.starts_with('_')
            && !member.ends_with('_');
        let mut found = false;
        for key in FAMILIES.iter().filter(|key| is_name && key.name.split('.').next() == Some(family)) {
            let name = key.name.replace('*', member);
            self.0.entry(name.clone()).or_insert_with(|| Setting::default(key, name));
            found = true;
        }
        found
    }

    fn take_member(&mut self, name: &str, value: &toml::Value) -> Result<(), ConfigError> {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let unknown = || ConfigError::Unknown { key: name.to_owned(), source_name: Source::File.to_string() };
        let setting = self.0.get_mut(name).ok_or_else(unknown)?;
        (setting.value, setting.source) = (text, Source::File);
        Ok(())
    }

    fn take_environment(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        let mut known = vec![
            "WARDGRAPH_DATA_DIR".to_owned(),
            "WARDGRAPH_CONFIG".to_owned(),
            "WARDGRAPH_TOKEN".to_owned(),
            "WARDGRAPH_POSTGRES_DIR".to_owned(),
        ];
        for name in environment.keys() {
            let parts: Vec<_> = name.strip_prefix("WARDGRAPH_").unwrap_or_default().split("__").collect();
            if let [family, member, _] = parts.as_slice() {
                self.add_member(&family.to_lowercase(), &member.to_lowercase());
            }
        }
        for setting in self.0.values_mut() {
            let variable = variable(&setting.name);
            // The first name that is set wins: Wardgraph's own, then those of other systems in their order.
            for name in std::iter::once(variable.as_str()).chain(setting.key.aliases.iter().copied()) {
                let file = format!("{name}_FILE");
                if let Some(value) = environment.get(name).filter(|value| !value.is_empty()) {
                    (setting.value, setting.source) = (value.clone(), Source::Variable(name.to_owned()));
                    break;
                }
                if let Some(path) = environment.get(&file).filter(|path| setting.key.kind == Kind::Secret && !path.is_empty()) {
                    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::File {
                        what: "the secret's file",
                        path: path.clone(),
                        reason: error.to_string(),
                    })?;
                    (setting.value, setting.source) = (text.trim_end_matches(['\r', '\n']).to_owned(), Source::Variable(file));
                    break;
                }
            }
            if setting.key.kind == Kind::Secret {
                known.push(format!("{variable}_FILE"));
            }
            known.push(variable);
        }
        match environment.keys().find(|name| name.starts_with("WARDGRAPH_") && !of_kubernetes(name) && !known.contains(name)) {
            Some(name) => Err(ConfigError::Unknown { key: name.clone(), source_name: "the environment".into() }),
            None => Ok(()),
        }
    }
}

/// Kubernetes tells every pod of a Service named `wardgraph` by variables that begin as ours do.
fn of_kubernetes(name: &str) -> bool {
    name == "WARDGRAPH_PORT" || ["WARDGRAPH_PORT_", "WARDGRAPH_SERVICE_"].iter().any(|prefix| name.starts_with(prefix))
}
