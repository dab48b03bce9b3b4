//! What a role is to say: flag by flag, or as JSON.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::Args;
use serde_json::{Value, json};
use wardgraph_api::wire::role::{ChangedRole, NewRole};
use wardgraph_organizations::{
    OrganizationError,
    roles::{self, Draft, Kept},
};

use crate::{
    commands::sound::{self, explained},
    wire::StartError,
};

/// The most that is read of a file, in octets: as much as the API takes.
const MOST_BYTES: u64 = 256 << 10;

/// What a role says.
#[derive(Debug, Clone, Args)]
pub(in crate::commands) struct Says {
    /// A file with all that it says, `-` for standard input: JSON with `description`, `allows`, `denies` and `inherits`. What is absent there is empty.
    #[arg(long, conflicts_with_all = ["description", "allows", "denies", "inherits", "no_allows", "no_denies", "no_inherits"])]
    file: Option<PathBuf>,
    /// What it is for.
    #[arg(long)]
    description: Option<String>,
    /// A rule that allows, like `nodes:read` or `indices:read:production-*`; may come again.
    #[arg(long = "allow")]
    allows: Vec<String>,
    /// A rule that denies, whatever allows it; may come again.
    #[arg(long = "deny")]
    denies: Vec<String>,
    /// A role whose rules it takes over; may come again.
    #[arg(long = "inherit")]
    inherits: Vec<String>,
    /// Without any rule that denies from now on.
    #[arg(long, conflicts_with = "denies")]
    no_denies: bool,
    /// Without any rule that allows from now on.
    #[arg(long, conflicts_with = "allows")]
    no_allows: bool,
    /// Without any role whose rules it takes over from now on.
    #[arg(long, conflicts_with = "inherits")]
    no_inherits: bool,
}

impl Says {
    /// What is wanted of the role: of one that is there already, what no flag says stays as it is.
    pub(super) fn draft(self, name: &str, kept: Option<Kept>) -> Result<Draft, StartError> {
        let new = match &self.file {
            Some(path) => from_file(path)?.named(name.to_owned()),
            None => serde_json::from_value(self.flags(name, kept))?,
        };
        // What the API asks of a role is asked here.
        sound::sound(&new)?;
        let NewRole { name, description, allows, denies, inherits } = new;
        let read = roles::draft(&name, description.into_text(), &allows, &denies, &inherits);
        read.map_err(|flaws| explained(OrganizationError::Unfit(flaws)))
    }

    fn flags(self, name: &str, kept: Option<Kept>) -> Value {
        let (description, allows, denies, inherits) =
            kept.map(|kept| (kept.description, kept.allows, kept.denies, kept.inherits)).unwrap_or_default();
        let or = |given: Vec<String>, none: bool, kept: Vec<String>| if given.is_empty() && !none { kept } else { given };
        json!({
            "name": name,
            "description": self.description.unwrap_or(description),
            "allows": or(self.allows, self.no_allows, allows),
            "denies": or(self.denies, self.no_denies, denies),
            "inherits": or(self.inherits, self.no_inherits, inherits),
        })
    }
}

fn from_file(path: &Path) -> Result<ChangedRole, StartError> {
    let told = |error: &dyn std::fmt::Display| format!("--file {}: {error}", path.display());
    let mut text = String::new();
    let read = if path == Path::new("-") {
        io::stdin().take(MOST_BYTES + 1).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_string(&mut text))
    };
    read.map_err(|error| told(&error))?;
    if u64::try_from(text.len()).is_ok_and(|length| length > MOST_BYTES) {
        return Err(told(&"is longer than any role").into());
    }
    Ok(serde_json::from_str(&text).map_err(|error| told(&error))?)
}
