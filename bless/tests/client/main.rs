//! The client as its users run it: the `bless` program against a service of the tests, with the real ssh-keygen, ssh-agent and ssh.
#![cfg(unix)]

mod agent;
mod answers;
mod aws;
mod cache;
mod service;
mod snippet;
mod transports;
mod world;
