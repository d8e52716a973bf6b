//! Who asks: a user as the database has it at this moment, with the roles that count for this request, or a workload.

use super::api_key::ApiKeyId;
use super::role::{ADMIN, OPERATOR, READ_ONLY};
use super::workload::Workload;
use crate::store::{RoleId, UserId};

/// What a requester is by the service's own roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// May do everything.
    Administrator,
    /// Looks after what is around certificates.
    Operator,
    /// Whatever authorities and certificates say.
    Member,
    /// Changes nothing.
    ReadOnly,
}

/// A role that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub id: RoleId,
    /// Its name.
    pub name: String,
}

/// The number of nobody in the database: of whoever works on the server's own machine.
const LOCAL: UserId = UserId(0);

/// Who asks. Only the database makes one, for a token that is valid; and the command line on the server's own machine is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// A user, perhaps by an API key.
    Person(Person),
    /// A workload. It has no roles and no standing: what it may is in its grant.
    Workload(Workload),
}

impl Requester {
    /// Whoever has this number on the server's own machine, with the data in hands: may do everything, and is no person of the service.
    #[must_use]
    pub fn local(uid: u32) -> Self {
        Self::Person(Person {
            user: LOCAL,
            username: format!("local:{uid}"),
            email: String::new(),
            roles: vec![Held { id: RoleId(0), name: ADMIN.to_owned() }],
            api_key: None,
            personal: false,
            read_only: false,
        })
    }

    /// Whether a person came in by themselves: not by an API key, not as a workload, and not from the server's own machine.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        match self {
            Self::Person(person) => person.came_in_person(),
            Self::Workload(_) => false,
        }
    }

    /// What the requester is called: a user's name, or a workload's with whose word it came in by.
    #[must_use]
    pub fn called(&self) -> &str {
        match self {
            Self::Person(person) => person.username(),
            Self::Workload(workload) => &workload.called,
        }
    }

    /// Which user, if it is one that the service knows.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Person(person) => person.known_user(),
            Self::Workload(_) => None,
        }
    }

    /// The API key that the request came with, if it did.
    #[must_use]
    pub const fn api_key(&self) -> Option<ApiKeyId> {
        match self {
            Self::Person(person) => person.api_key(),
            Self::Workload(_) => None,
        }
    }

    /// The user with all that counts, if it is one.
    #[must_use]
    pub const fn person(&self) -> Option<&Person> {
        match self {
            Self::Person(person) => Some(person),
            Self::Workload(_) => None,
        }
    }

    /// The workload, if it is one.
    #[must_use]
    pub const fn workload(&self) -> Option<&Workload> {
        match self {
            Self::Person(_) => None,
            Self::Workload(workload) => Some(workload),
        }
    }
}

/// A user who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub(super) user: UserId,
    pub(super) username: String,
    pub(super) email: String,
    pub(super) roles: Vec<Held>,
    pub(super) api_key: Option<ApiKeyId>,
    /// Whether what belongs to the user counts as well: not for an API key that was narrowed to some of the user's roles.
    pub(super) personal: bool,
    /// `read-only` counts even where an API key is narrowed to other roles.
    pub(super) read_only: bool,
}

impl Person {
    /// The user, unless it is somebody on the server's own machine.
    #[must_use]
    pub fn known_user(&self) -> Option<UserId> {
        (self.user != LOCAL).then_some(self.user)
    }

    /// Whether the user came in by themselves: not by an API key, and not from the server's own machine.
    #[must_use]
    pub const fn came_in_person(&self) -> bool {
        self.personal && self.api_key.is_none()
    }

    /// Which user.
    #[must_use]
    pub const fn user(&self) -> UserId {
        self.user
    }

    /// The user's name.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The user's address.
    #[must_use]
    pub fn email(&self) -> &str {
        &self.email
    }

    /// The roles that count.
    #[must_use]
    pub fn roles(&self) -> &[Held] {
        &self.roles
    }

    /// The API key that the request came with, if it did.
    #[must_use]
    pub const fn api_key(&self) -> Option<ApiKeyId> {
        self.api_key
    }

    /// What the requester is by the service's own roles. `read-only` beats the others.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let has = |name: &str| self.roles.iter().any(|role| role.name == name);
        match () {
            () if self.read_only || has(READ_ONLY) => Standing::ReadOnly,
            () if has(ADMIN) => Standing::Administrator,
            () if has(OPERATOR) => Standing::Operator,
            () => Standing::Member,
        }
    }

    /// Whether one of the roles counts.
    #[must_use]
    pub fn holds_any(&self, roles: &[RoleId]) -> bool {
        self.roles.iter().any(|held| roles.contains(&held.id))
    }

    /// Whether the requester is an owner: by an own address, or by a role of the owner's name.
    #[must_use]
    pub fn is(&self, owner: &str) -> bool {
        !owner.is_empty()
            && (self.personal && self.email.eq_ignore_ascii_case(owner)
                || self.roles.iter().any(|role| role.name.to_lowercase() == owner.to_lowercase()))
    }

    /// Whether the requester is this user, with all that belongs to the user.
    #[must_use]
    pub fn is_user(&self, user: UserId) -> bool {
        self.personal && self.user == user
    }
}
