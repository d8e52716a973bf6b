//! `lanius scan github://…` and `gitlab://…` against a host of our own: git's own server for the repositories, and lists that follow what
//! GitHub and GitLab document of their REST APIs.

mod forge;
mod github;
mod gitlab;
mod run;
mod trouble;
