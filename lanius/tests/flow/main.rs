//! lanius in the flow of work, with real git: what is staged, what a branch brings, and hooks that stop commits and pushes.

mod commits;
mod framework;
mod pushes;
mod since;
mod staged;
mod workshop;
