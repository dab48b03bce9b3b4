//! Answers as they are kept, with the commit that they tell of, to be given again to whoever asks the same again.

use crate::{Created, Errand, Issued, Json, NoContent, Page, Placed, Problem, Redirect, Stored, Tagged, Versioned};

/// An answer as it is kept, to be given again to whoever asks the same again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The status.
    pub status: u16,
    /// The entity tag, with its quotes.
    pub etag: Option<String>,
    /// The body, JSON; empty where there is none.
    pub body: String,
}

impl Kept {
    /// What is answered to whoever asks the same again as was answered with a secret: that was shown once, and is kept nowhere.
    ///
    /// # Errors
    /// If the problem cannot be written as JSON.
    pub fn withheld() -> Result<Self, serde_json::Error> {
        let problem = Problem::conflict("this was done already, and its answer held a secret that is not shown again");
        Self::instead(&problem)
    }

    /// What is answered to whoever asks the same again after what the answer told of was erased for good.
    ///
    /// # Errors
    /// If the problem cannot be written as JSON.
    pub fn erased() -> Result<Self, serde_json::Error> {
        Self::instead(&Problem::conflict("this was done already, and what its answer told of was erased since"))
    }

    /// The same while what the answer tells of is deleted, and may be brought back.
    ///
    /// # Errors
    /// If the problem cannot be written as JSON.
    pub fn deleted() -> Result<Self, serde_json::Error> {
        let problem = Problem::conflict(
            "this was done already, and what its answer tells of is deleted: it is told again if that is brought back",
        );
        Self::instead(&problem)
    }

    /// The same after the answer made room for later ones.
    ///
    /// # Errors
    /// If the problem cannot be written as JSON.
    pub fn gone() -> Result<Self, serde_json::Error> {
        Self::instead(&Problem::conflict("this was done already, and its answer is no longer kept"))
    }

    /// The problem that is told in the answer's place, if one is: what is kept otherwise went well.
    pub fn problem(&self) -> Option<Problem> {
        if self.status < 400 { None } else { serde_json::from_str(&self.body).ok() }
    }

    fn instead(problem: &Problem) -> Result<Self, serde_json::Error> {
        Ok(Self { status: problem.status, etag: None, body: serde_json::to_string(problem)? })
    }
}

/// An output that can be kept with the commit that it tells of. An answer that holds a secret has no such output.
pub trait Keep {
    /// The answer.
    ///
    /// # Errors
    /// If a value cannot be written as JSON.
    fn keep(&self) -> Result<Kept, serde_json::Error>;
}

/// An output that may hold a secret: it is shown once and kept nowhere.
pub trait ShownOnce {}

impl<T> ShownOnce for Issued<T> {}
impl ShownOnce for Page {}

// Browsers name no `Idempotency-Key`, and pages take none.
impl Keep for Page {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Kept::withheld()
    }
}

impl Keep for Redirect {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Kept::withheld()
    }
}

impl Keep for Errand {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Kept::withheld()
    }
}

impl<T: serde::Serialize> Keep for Json<T> {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Ok(Kept { status: 200, etag: None, body: serde_json::to_string(&self.0)? })
    }
}

impl<T: serde::Serialize> Keep for Created<T> {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Ok(Kept { status: 201, etag: None, body: serde_json::to_string(&self.0)? })
    }
}

impl<T: serde::Serialize + Versioned> Keep for Tagged<T> {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Ok(Kept { status: 200, etag: Some(self.0.etag()), body: serde_json::to_string(&self.0)? })
    }
}

impl<T: serde::Serialize + Versioned> Keep for Stored<T> {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        let (status, value) = match self {
            Self::Created(value) => (201, value),
            Self::Found(value) => (200, value),
        };
        Ok(Kept { status, etag: Some(value.etag()), body: serde_json::to_string(value)? })
    }
}

impl<T: serde::Serialize> Keep for Placed<T> {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        let (status, value) = match self {
            Self::Created(value) => (201, value),
            Self::Found(value) => (200, value),
        };
        Ok(Kept { status, etag: None, body: serde_json::to_string(value)? })
    }
}

impl Keep for NoContent {
    fn keep(&self) -> Result<Kept, serde_json::Error> {
        Ok(Kept { status: 204, etag: None, body: String::new() })
    }
}
