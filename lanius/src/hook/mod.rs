//! Hooks of git: the small scripts that call lanius, where they are put, and what git says to them (git's `githooks`).
//!
//! A hook of someone else is never overwritten unasked: it is kept and called first, or it stays and ours is not put there.

mod install;
mod lines;

pub use install::{Installed, Options, Place, Removed, install, uninstall};
pub use lines::{LineError, Update, alternates, pushed, received};

/// The hooks that lanius can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Hook {
    /// Before a commit: what is staged
    PreCommit,
    /// Before a push: what its commits bring to the remote
    PrePush,
    /// On a server, before a push is taken: what its commits bring
    PreReceive,
}

impl Hook {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::PreCommit, Self::PrePush, Self::PreReceive];

    /// The name of its file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PreCommit => "pre-commit",
            Self::PrePush => "pre-push",
            Self::PreReceive => "pre-receive",
        }
    }

    /// Whether git writes lines to it.
    const fn reads(self) -> bool {
        !matches!(self, Self::PreCommit)
    }
}
