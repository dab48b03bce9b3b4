//! The English texts of pages, in one place.

use wardgraph_api::wire::{
    account::SessionKind,
    page::{Done, KeyLife},
};

pub(crate) mod device_code;
pub(crate) mod disown;

/// Above what is wrong.
pub(crate) const SUMMARY: &str = "There is a problem";
/// What is wrong with what was left blank.
pub(crate) const BLANK: &str = "must be filled in";

/// When to come back.
pub(crate) fn wait(seconds: u64) -> String {
    match seconds {
        0..=1 => "Please try again in a second.".into(),
        2..=119 => format!("Please try again in {seconds} seconds."),
        _ => format!("Please try again in {} minutes.", seconds.div_ceil(60)),
    }
}

/// What was done just now.
pub(crate) const fn done(done: Done) -> &'static str {
    match done {
        Done::Confirmed => "Your e-mail address is confirmed. You can sign in now.",
        Done::Reset => "Your new password is set. Sign in with it.",
        Done::SignedOut => "You are signed out.",
        Done::Renamed => "Your name was changed.",
        Done::PasswordChanged => "Your password was changed. Your other sessions were ended.",
        Done::SessionEnded => "The session was ended.",
        Done::FactorAdded => {
            "The second factor was added. It is asked for from your next sign-in on. Your other sessions were ended."
        }
        Done::FactorRemoved => "The second factor was removed. Your other sessions were ended.",
        Done::FactorRenamed => "The second factor was renamed.",
        Done::Invited => "The invitation is on its way by e-mail.",
        Done::Withdrawn => "The invitation was withdrawn. Its link is good for nothing any more.",
        Done::Joined => "You are a member of the organization now.",
        Done::SetUp => "Your account administers this server. Sign in with it.",
        Done::Stale => "For this we have to be sure that it is you: please sign in again.",
        Done::ConsentRevoked => "The application can do nothing for you any more.",
        Done::KeyRevoked => "The API key was revoked. It stops working within a second.",
    }
}

pub(crate) mod frame {
    pub(crate) const PRODUCT: &str = "Wardgraph";
    pub(crate) const ERROR: &str = "Error: ";
    pub(crate) const SKIP: &str = "Skip to the content";
    pub(crate) const SIGN_OUT: &str = "Sign out";
    pub(crate) const PLACES: &str = "Your account";
    pub(crate) const PLACE_LIST: [(&str, &str); 5] = [
        ("/account", "Account"),
        ("/account/security", "Security"),
        ("/account/sessions", "Sessions"),
        ("/account/api-keys", "API keys"),
        ("/account/applications", "Applications"),
    ];
}

pub(crate) mod fields {
    pub(crate) const EMAIL: &str = "E-mail address";
    pub(crate) const PASSWORD: &str = "Password";
    pub(crate) const CURRENT_PASSWORD: &str = "Current password";
    pub(crate) const NEW_PASSWORD: &str = "New password";
    pub(crate) const NEW_PASSWORD_HINT: &str =
        "At least 12 characters. Several words that do not belong together are easy to remember and hard to guess.";
    pub(crate) const NAME: &str = "Name";
    pub(crate) const LINK: &str = "The link";
}

pub(crate) mod sign_in {
    pub(crate) const TITLE: &str = "Sign in";
    pub(crate) const BUTTON: &str = "Sign in";
    pub(crate) const FORGOT: &str = "Forgot your password?";
    pub(crate) const NEW: &str = "New here?";
    pub(crate) const REGISTER: &str = "Create an account";
}

pub(crate) mod register {
    pub(crate) const TITLE: &str = "Create an account";
    pub(crate) const BUTTON: &str = "Create account";
    pub(crate) const NAME_HINT: &str = "What others see you by.";
    pub(crate) const HAVE: &str = "Have an account?";
    pub(crate) const BY_INVITATION: &str =
        "Accounts are made by invitation here. If you were invited, follow the link in the message that you got.";
    pub(crate) const CLOSED: &str = "Nobody registers here: whoever runs this server makes the accounts.";
}

pub(crate) mod invitations {
    use wardgraph_api::wire::invitation::InvitationStatus;
    use wardgraph_kernel::OrganizationRole;

    pub(crate) const TITLE: &str = "You are invited";
    pub(crate) const NEW_HERE: &str =
        "You are invited to work in an organization. Make an account to go on; it has the address to which you got the message.";
    pub(crate) const ACCEPT: &str = "Create account and join";
    pub(crate) const CLOSED: &str =
        "You are invited to work in an organization. This takes an account, which whoever runs this server makes.";
    pub(crate) const HAVE: &str = "Have an account with this address?";
    pub(crate) const SIGN_IN: &str = "Sign in and join";
    pub(crate) const JOIN_TEXT: &str = "You are invited to work here:";
    pub(crate) const JOIN: &str = "Join the organization";
    pub(crate) const NOT_YOURS: &str = "This is no invitation to your account's address, or it was used or withdrawn, or is too old. Ask who invited you for another.";
    pub(crate) const LIST: &str = "Invitations";
    pub(crate) const TEXT: &str =
        "Who is invited to your organization. An invitation ends if whoever made it may no longer give its role.";
    pub(crate) const INVITE: &str = "Invite somebody";
    pub(crate) const SEND: &str = "Send the invitation";
    pub(crate) const NONE: &str = "Nobody is invited.";
    pub(crate) const OLDER: &str = "Older invitations";
    pub(crate) const ROLE: &str = "Role";
    pub(crate) const ROLE_HINT: &str = "What they may do in your organization. Choose no more than they need.";
    pub(crate) const INVITED: &str = "Invited";
    pub(crate) const ENDS: &str = "Good until";
    pub(crate) const WITHDRAW: &str = "Withdraw";

    pub(crate) const fn status(status: InvitationStatus) -> &'static str {
        match status {
            InvitationStatus::Open => "Open",
            InvitationStatus::Used => "Joined",
            InvitationStatus::Withdrawn => "Withdrawn",
            InvitationStatus::Expired => "Too old",
        }
    }

    pub(crate) const fn role(role: OrganizationRole) -> &'static str {
        match role {
            OrganizationRole::Owner => "Owner: everything",
            OrganizationRole::Admin => "Admin: members, settings and all data",
            OrganizationRole::Developer => "Developer: reads and changes data",
            OrganizationRole::DataScientist => "Data scientist: reads data, trains, searches and asks",
            OrganizationRole::Analyst => "Analyst: reads data",
        }
    }

    pub(crate) fn role_of(word: &str) -> &str {
        match OrganizationRole::of(word) {
            Some(known) => role(known),
            None => word,
        }
    }
}

pub(crate) mod setup {
    pub(crate) const TITLE: &str = "Set up this server";
    pub(crate) const TEXT: &str = "Make the account that administers this server. The link that you followed works once.";
    pub(crate) const EMAIL_HINT: &str = "Check it well: whoever gets mail there can set a new password.";
    pub(crate) const BUTTON: &str = "Create administrator";
}

pub(crate) mod mailed {
    pub(crate) const TITLE: &str = "Check your mail";
    pub(crate) const REGISTERED: &str =
        "We sent you a message with a link to confirm your address. The link is good for 24 hours.";
    pub(crate) const READY: &str =
        "Your account is ready, unless there was one with this address: you can sign in. We sent you a message, too.";
    pub(crate) const FORGOT: &str = "If there is an account with this address, we sent it a message with a link to set a new password. The link is good for one hour.";
    pub(crate) const NOTHING: &str = "Nothing there after some minutes? Look into the spam folder, or try again.";
    pub(crate) const BACK: &str = "Go to sign in";
}

pub(crate) mod confirm {
    pub(crate) const TITLE: &str = "Confirm your e-mail address";
    pub(crate) const TEXT: &str = "Say the password that you chose when you registered, to confirm that the address is yours.";
    pub(crate) const FORGOT: &str = "You do not know it, or it was not you who registered?";
    pub(crate) const BUTTON: &str = "Confirm my address";
}

pub(crate) mod forgot {
    pub(crate) const TITLE: &str = "Forgot your password?";
    pub(crate) const TEXT: &str = "Say which address your account has, and we send it a link to set a new password.";
    pub(crate) const BUTTON: &str = "Send the link";
    pub(crate) const BACK: &str = "Back to sign in";
}

pub(crate) mod reset {
    pub(crate) const TITLE: &str = "Set a new password";
    pub(crate) const TEXT: &str = "All your sessions and API keys end when you do.";
    pub(crate) const BUTTON: &str = "Set password";
}

pub(crate) mod account {
    pub(crate) const TITLE: &str = "Your account";
    pub(crate) const BUTTON: &str = "Save name";
    pub(crate) const CONFIRMED: &str = "confirmed";
    pub(crate) const UNCONFIRMED: &str = "not confirmed";
    pub(crate) const ORGANIZATION: &str = "Organization";
    pub(crate) const ROLE: &str = "Your role";
    pub(crate) const NO_ROLE: &str = "None: you may do what was granted to you";
    pub(crate) const SINCE: &str = "Member since";
    pub(crate) const CHANGE_NAME: &str = "Change your name";
    pub(crate) const ORGANIZATIONS: &str = "Your organizations";
    pub(crate) const HERE: &str = "You work here";
    pub(crate) const SWITCH: &str = "Work here";
    pub(crate) const SWITCH_TEXT: &str = "A session works in one organization. For another one, sign in again.";
    pub(crate) const INVITATIONS: &str = "Invitations";
}

pub(crate) mod security {
    pub(crate) const TITLE: &str = "Security";
    pub(crate) const PASSWORD: &str = "Password";
    pub(crate) const PASSWORD_TEXT: &str = "When you change it, your other sessions end.";
    pub(crate) const CHANGE: &str = "Change password";
}

pub(crate) mod password {
    pub(crate) const TITLE: &str = "Change your password";
    pub(crate) const BUTTON: &str = "Change password";
    pub(crate) const CANCEL: &str = "Cancel";
}

pub(crate) mod sessions {
    use super::SessionKind;

    pub(crate) const TITLE: &str = "Sessions";
    pub(crate) const TEXT: &str = "Where you are signed in. End what you do not know, and change your password then.";
    pub(crate) const THIS: &str = "This session";
    pub(crate) const END: &str = "End session";
    pub(crate) const SIGNED_IN: &str = "Signed in";
    pub(crate) const LAST_USED: &str = "Last used";
    pub(crate) const FROM: &str = "From";
    pub(crate) const UNKNOWN: &str = "Unknown program";
    pub(crate) const KIND: &str = "Used by";

    pub(crate) const fn kind(kind: SessionKind) -> &'static str {
        match kind {
            SessionKind::Browser => "a browser, on these pages",
            SessionKind::Program => "a program, with tokens",
        }
    }
}

pub(crate) mod keys {
    use wardgraph_api::wire::form::Overlap;

    use super::KeyLife;

    pub(crate) const TITLE: &str = "API keys";
    pub(crate) const TEXT: &str = "For programs that call the API as you. A key can do no more than you can.";
    pub(crate) const NEW: &str = "Create an API key";
    pub(crate) const NONE: &str = "You have no API keys.";
    pub(crate) const REVOKE: &str = "Revoke key";
    pub(crate) const REVOKED: &str = "Revoked";
    pub(crate) const EXPIRED: &str = "Expired";
    pub(crate) const ACTIVE: &str = "Active";
    pub(crate) const SCOPES: &str = "Permissions";
    pub(crate) const SCOPES_HINT: &str = "What the key may do. Choose no more than the program needs.";
    pub(crate) const CREATED: &str = "Created";
    pub(crate) const ENDS: &str = "Ends";
    pub(crate) const NEVER: &str = "when it is revoked";
    pub(crate) const LAST_USED: &str = "Last used";
    pub(crate) const UNUSED: &str = "not yet";
    pub(crate) const NETWORKS: &str = "Allowed networks";
    pub(crate) const NETWORKS_HINT: &str =
        "Optional, one a line, like 192.0.2.0/24. The key works from everywhere if there are none.";
    pub(crate) const NAME_HINT: &str = "For you to tell it from your other keys.";
    pub(crate) const LIFE: &str = "Ends after";
    pub(crate) const BUTTON: &str = "Create key";
    pub(crate) const CANCEL: &str = "Cancel";
    pub(crate) const MADE: &str = "Your new API key";
    pub(crate) const ONCE: &str = "Copy it now: it is shown this once, and kept nowhere.";
    pub(crate) const KEY: &str = "The key";
    pub(crate) const BACK: &str = "I have copied it";
    pub(crate) const ROTATE: &str = "Replace key";
    pub(crate) const ROTATE_TEXT: &str = "You get a new key that may do the same. Until the old one ends, both work.";
    pub(crate) const OVERLAP: &str = "The old key ends";
    pub(crate) const OVERLAP_HINT: &str = "Leave yourself time to give the new one to your programs.";

    pub(crate) const fn overlap(overlap: Overlap) -> &'static str {
        match overlap {
            Overlap::Day => "in a day",
            Overlap::Hour => "in an hour",
            Overlap::Week => "in a week",
            Overlap::None => "at once",
        }
    }

    pub(crate) const fn life(life: KeyLife) -> &'static str {
        match life {
            KeyLife::Month => "30 days",
            KeyLife::Quarter => "90 days",
            KeyLife::Year => "One year",
            KeyLife::Unbounded => "Never, until I revoke it",
        }
    }
}

pub(crate) mod second_factor {
    pub(crate) const TITLE: &str = "Show that it is you";
    pub(crate) const TEXT: &str = "Open your authenticator app and fill in the code that it shows.";
    pub(crate) const CODE: &str = "Code";
    pub(crate) const CODE_HINT: &str = "Six digits. Each code works once.";
    pub(crate) const BUTTON: &str = "Sign in";
    pub(crate) const LOST: &str = "Lost your authenticator? Use a recovery code";
    pub(crate) const RECOVERY: &str = "Recovery code";
    pub(crate) const RECOVERY_HINT: &str = "One of the ten codes that you were shown. It works once.";
    pub(crate) const RECOVERY_BUTTON: &str = "Use recovery code";
    pub(crate) const AGAIN: &str = "Sign in as somebody else";
    pub(crate) const REQUIRED_TITLE: &str = "A second factor is required";
    pub(crate) const REQUIRED: &str = "Your organization asks everyone for a second factor. Add one to go on.";
    pub(crate) const ADD_APP: &str = "Add an authenticator app";
    pub(crate) const ADD_PASSKEY: &str = "Add a passkey";
    pub(crate) const ALONE: &str = "Sign in with a passkey";
    pub(crate) const USE_PASSKEY: &str = "Use your passkey";
    pub(crate) const MAKE_PASSKEY: &str = "Make the passkey";
    pub(crate) const PASSKEY_TEXT: &str =
        "Your device or security key will ask you to show that it is you. With a passkey you can sign in without a password.";
    pub(crate) const PASSKEY_FAILED: &str = "The passkey could not be used. Please try again.";
    pub(crate) const NO_SCRIPT: &str = "Passkeys need scripts, which this browser does not run.";
    pub(crate) const BACK: &str = "Back to security";
    pub(crate) const NAME_HINT: &str = "For you to tell it from your other factors, like “phone”.";
    pub(crate) const CONTINUE: &str = "Continue";
    pub(crate) const CANCEL: &str = "Cancel";
    pub(crate) const SCAN: &str = "Scan this code with your authenticator app.";
    pub(crate) const QR: &str = "QR code with the secret of the authenticator; the same is written below";
    pub(crate) const TYPE: &str = "Or type this into it:";
    pub(crate) const SHOW: &str = "Fill in the code that the app shows now.";
    pub(crate) const FINISH: &str = "Add authenticator";
    pub(crate) const CODES: &str = "Recovery codes";
    pub(crate) const CODES_ONCE: &str = "Keep these codes now: they are shown this once, and kept nowhere.";
    pub(crate) const CODES_TEXT: &str =
        "Each opens your account once if you lose your authenticator. Print this page, or keep the file in a safe place.";
    pub(crate) const DOWNLOAD: &str = "Save as a file";
    pub(crate) const KEPT: &str = "I have kept them";
    pub(crate) const NEW_CODES: &str = "Make new recovery codes";
    pub(crate) const SECTION: &str = "Second factors";
    pub(crate) const SECTION_TEXT: &str = "Asked for besides your password when you sign in.";
    pub(crate) const SECTION_REQUIRED: &str = "Asked for besides your password when you sign in. Your organization requires one.";
    pub(crate) const ADDED: &str = "Added";
    pub(crate) const USED: &str = "Last used";
    pub(crate) const UNUSED: &str = "not yet";
    pub(crate) const REMOVE: &str = "Remove";
    pub(crate) const RENAME: &str = "Rename";
    pub(crate) const RENAME_TITLE: &str = "Rename a second factor";
    pub(crate) const RENAME_BUTTON: &str = "Save name";

    pub(crate) fn left(codes: i64) -> String {
        match codes {
            1 => "One code is left.".into(),
            _ => format!("{codes} codes are left."),
        }
    }

    pub(crate) fn method(word: &str) -> &str {
        match word {
            "totp" => "Authenticator app",
            "webauthn" => "Passkey",
            other => other,
        }
    }
}

pub(crate) mod refusal {
    pub(crate) const NOT_FOUND: &str = "Not found";
    pub(crate) const REFUSED: &str = "That did not work";
    pub(crate) const BEYOND: &str = "Your role in this organization does not include this. Ask its owner or an admin, or sign in to another organization of yours.";
    pub(crate) const BUSY: &str = "Please come back in a moment";
    pub(crate) const FAILED: &str = "Something went wrong here";
    pub(crate) const BACK: &str = "Go to the start";
    pub(crate) const REQUEST: &str = "Request";
}

pub(crate) mod consent {
    pub(crate) const TITLE: &str = "Allow access?";
    pub(crate) const OF: &str = "of";
    pub(crate) const ASKS: &str = "asks for access to your account.";
    pub(crate) const ASKS_TOO: &str = "asks for access to your account.";
    pub(crate) const NOBODY: &str = "nobody who is known here";
    pub(crate) const UNVERIFIED: &str =
        "Not verified: it registered itself, and nobody here knows whose it is. Its name is what it says of itself.";
    pub(crate) const DESCRIBED_AT: &str = "Not verified: it describes itself at";
    pub(crate) const DESCRIBED: &str = "Its name is what is said there. Go on only if you know and trust that site.";
    pub(crate) const LOCAL: &str = "It leads back to a program on this computer. Any program here could receive the answer: allow it only if you started this yourself, just now.";
    pub(crate) const MAY: &str = "It could then";
    pub(crate) const IN: &str = "It would work in";
    pub(crate) const ORGANIZATION: &str = "Organization where it may work";
    pub(crate) const NARROWED: &str =
        "It can never do more than you can. You can take this back at any time, under Applications.";
    pub(crate) const ALLOW: &str = "Allow";
    pub(crate) const DENY: &str = "Do not allow";
    pub(crate) const SIGNED_IN_AS: &str = "You are signed in as";
    pub(crate) const ELSE: &str = "Sign in as somebody else";
    pub(crate) const SIGN_OUT_TITLE: &str = "Sign out?";
    pub(crate) const SIGN_OUT_FOR: &str = "asks you to sign out of Wardgraph in this browser.";
    pub(crate) const SIGN_OUT_TEXT: &str = "An application asks you to sign out of Wardgraph in this browser.";
    pub(crate) const SIGN_OUT: &str = "Sign out";
    pub(crate) const STAY: &str = "Stay signed in";

    pub(crate) fn leads_to(host: &str) -> String {
        format!("Signed out, you are led to {host}.")
    }

    pub(crate) fn back_to(host: &str) -> String {
        format!("Either way you go back to {host}.")
    }
}

pub(crate) mod applications {
    pub(crate) const TITLE: &str = "Applications";
    pub(crate) const TEXT: &str = "What you allowed applications to do for you. Take back what you do not use any more.";
    pub(crate) const NONE: &str = "You have allowed nothing to any application.";
    pub(crate) const ORGANIZATION: &str = "Works in";
    pub(crate) const MAY: &str = "Can";
    pub(crate) const SINCE: &str = "Since";
    pub(crate) const REVOKE: &str = "Take back";
}

pub(crate) mod leaving {
    pub(crate) const TITLE: &str = "Going back";
    pub(crate) const TEXT: &str = "You are led back to the application.";
    pub(crate) const BUTTON: &str = "Continue";
    pub(crate) const ASKED_TITLE: &str = "Leave for another site?";
    pub(crate) const OF: &str = "of";
    pub(crate) const SENT: &str = "sent you here.";
    pub(crate) const WRONG: &str = "Its request cannot be granted:";
    pub(crate) const AWAY: &str = "If you go on, you leave this server for";
    pub(crate) const TRUST: &str = "Do so only if you know the application and expected to be there.";
    pub(crate) const GO_ON: &str = "Go on";
}

/// What scopes allow, in words for people.
pub(crate) mod scopes {
    use wardgraph_kernel::Permission;
    use wardgraph_oauth::scope;

    /// What a scope allows. One that nobody has words for is shown as it is.
    pub(crate) fn words(scope: &str) -> &str {
        match scope {
            scope::OPENID => "know that you are who you are",
            scope::PROFILE => "see your name",
            scope::EMAIL => "see your e-mail address",
            scope::OFFLINE => "do all this when you are signed out, too",
            "kg:read" => "read nodes, edges and triggers",
            "kg:write" => "create, change and delete nodes, edges and triggers",
            other => Permission::ALL.iter().find(|permission| permission.word() == other).map_or(other, |one| permission(*one)),
        }
    }

    const fn permission(permission: Permission) -> &'static str {
        match permission {
            Permission::NodesRead => "read nodes",
            Permission::NodesWrite => "create, change and delete nodes",
            Permission::EdgesRead => "read edges",
            Permission::EdgesWrite => "create and delete edges",
            Permission::TriggersRead => "read triggers",
            Permission::TriggersWrite => "create, change and delete triggers",
            Permission::SearchRead => "search nodes",
            Permission::AskRead => "ask questions that a model answers from nodes",
            Permission::EventsRead => "read the organization's events",
            Permission::AdminRefresh => "refresh nodes out of turn",
            Permission::MetricsRead => "see the organization's usage",
            Permission::SharedWrite => "change nodes that every organization reads",
            Permission::UsersRead => "see who is in the organization",
            Permission::MembersWrite => "invite people to the organization",
            Permission::UsersWrite => "disable and delete everybody's accounts",
            Permission::SystemRead => "see the state of the whole server",
            Permission::ClientsRead => "see the organization's applications",
            Permission::ClientsWrite => "register and change the organization's applications",
            Permission::OrganizationsWrite => "rename the organization and change its settings",
            Permission::OrganizationsDelete => "hand over and delete the organization",
            Permission::RolesRead => "see who may do what in the organization",
            Permission::RolesWrite => "change who may do what in the organization",
            Permission::ReviewsRead => "see reviews of who may do what",
            Permission::ReviewsWrite => "review who may do what",
            Permission::AuthzRead => "ask what others may do",
            Permission::IndicesRead => "read vector indices",
            Permission::IndicesWrite => "create, change and delete vector indices",
            Permission::IndicesTrain => "train vector indices",
            Permission::ElevationsRead => "read every organization's content for a reason",
            Permission::ElevationsWrite => "change every organization's content for a reason",
            Permission::DirectoryRead => "see which organizations there are",
        }
    }
}
