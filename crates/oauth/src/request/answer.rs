//! Answers to authorization requests: where they go, and how (RFC 6749, section 4.1.2; OAuth 2.0 Form Post Response Mode; RFC 9207).

use super::Fault;

/// `response_mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// In the query of the address.
    Query,
    /// As a form that the browser posts there.
    FormPost,
}

/// Where and how a request is answered. The address is one that the client registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// `redirect_uri`.
    pub uri: String,
    /// `response_mode`.
    pub mode: Mode,
    /// `state`, as it came.
    pub state: Option<String>,
}

/// An answer, on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The browser goes there.
    Go(String),
    /// The browser posts these fields there.
    Post(String, Vec<(&'static str, String)>),
}

impl Return {
    /// A code.
    pub fn with_code(&self, iss: &str, code: &str) -> Answer {
        self.with(iss, vec![("code", code.to_owned())])
    }

    /// A fault.
    pub fn with_fault(&self, iss: &str, fault: Fault) -> Answer {
        self.with(iss, vec![("error", fault.error.to_owned()), ("error_description", fault.description.to_owned())])
    }

    fn with(&self, iss: &str, mut fields: Vec<(&'static str, String)>) -> Answer {
        fields.extend(self.state.iter().map(|state| ("state", state.clone())));
        fields.push(("iss", iss.to_owned()));
        match self.mode {
            Mode::FormPost => Answer::Post(self.uri.clone(), fields),
            Mode::Query => {
                let joint = if self.uri.contains('?') { '&' } else { '?' };
                let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
                Answer::Go(format!("{}{joint}{query}", self.uri))
            }
        }
    }
}
