//! The reader against git itself: repositories that the real `git` made in temporary folders, compared object by object and commit by
//! commit with what the real `git` says of them.

mod damage;
mod history;
mod layouts;
mod objects;
mod reach;
mod refs;
mod versions;
mod workshop;
